import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'

interface Violation {
  from: string
  to: string
  rule: { name: string }
}

/** A file that each rule must turn red for; `import` is the line that breaks it. */
const BREACHES: [rule: string, file: string, line: string][] = [
  ['lib-contracts', 'libs/contracts/src/index.ts', `import type {} from '#libs/platform'`],
  ['lib-signing', 'libs/signing/src/index.ts', `export * from '#libs/policy'`],
  ['lib-policy', 'libs/policy/src/index.ts', `import type {} from '#libs/signing'`],
  ['lib-pipeline', 'libs/pipeline/src/index.ts', `import '#libs/platform'`],
  ['lib-guard', 'libs/guard/src/index.ts', `import '#libs/pipeline'`],
  ['lib-platform', 'libs/platform/src/index.ts', `import '#libs/persistence'`],
  ['lib-persistence', 'libs/persistence/src/index.ts', `import '#libs/messaging'`],
  ['lib-messaging', 'libs/messaging/src/index.ts', `import '#libs/stage'`],
  ['lib-evaluation', 'libs/evaluation/src/index.ts', `import '#libs/platform'`],
  ['lib-process', 'libs/process/src/index.ts', `import '#libs/persistence'`],
  ['lib-service', 'libs/service/src/index.ts', `import './nest.js'\nimport '#libs/pipeline'`],
  ['lib-stage', 'libs/stage/src/index.ts', `import '#libs/client'`],
  ['lib-client', 'libs/client/src/index.ts', `import '#libs/platform'`],
  ['libs-in-the-table', 'libs/common/src/index.ts', `import '#libs/contracts'`],
  ['libs-never-import-apps', 'libs/service/src/late.ts', `await import('../../../apps/linter/src/main.js')`],
  ['apps-never-import-apps', 'apps/rollout/src/main.ts', `import '../../linter/src/main.js'`],
  ['barrels-only', 'apps/linter/src/main.ts', `import '../../../libs/platform/src/clock.js'`],
  ['never-tests', 'apps/linter/src/never.ts', `import '../../../test/helper.js'`],
  ['specs-are-leaves', 'libs/platform/src/clock.ts', `import './clock.spec.js'`],
  ['pure-libs-no-framework', 'libs/pipeline/src/nest.ts', `import type {} from '@nestjs/common'`],
  ['pure-libs-no-framework', 'libs/signing/src/pg.ts', `import type {} from 'pg'`],
  ['pure-libs-no-io', 'libs/policy/src/files.ts', `import { readFileSync } from 'node:fs'`],
  ['pure-libs-no-framework', 'libs/guard/src/nest.ts', `import type {} from '@nestjs/common'`],
  ['pure-libs-no-io', 'libs/guard/src/files.ts', `import { readFileSync } from 'node:fs'`],
  ['pure-libs-no-io', 'libs/contracts/src/files.ts', `import { readFile } from 'fs/promises'`],
  ['kafkajs-behind-its-port', 'apps/rollout/src/kafka.ts', `import type {} from 'kafkajs'`],
  ['kafkajs-behind-its-port', 'libs/client/src/connection/kafka.ts', `import type {} from 'kafkajs'`],
  ['hms-svc-without-kafka', 'libs/client/src/index.ts', `export * from './kafka/reader.js'`],
  ['openfeature-types-alone', 'libs/client/src/openfeature/errors.ts', `import { OpenFeature } from '@openfeature/server-sdk'`],
  ['light-install', 'libs/client/src/kafka/client.ts', `import 'kafkajs'`],
  ['light-verbs', 'apps/cli/src/lint/lint.ts', `import '#libs/platform'`],
  ['typeorm-at-the-edge', 'apps/rollout/src/rules.ts', `import type {} from 'typeorm'`],
  ['pg-at-the-edge', 'apps/rollout/src/rules.ts', `import type {} from 'pg'`],
  ['specs-are-leaves', 'apps/rollout/src/rules.ts', `import './testing/memory-thing-store.js'`],
  ['verify-needs-node-alone', 'libs/verify/src/proof.ts', `import 'node:fs'`],
  ['bridge-needs-no-node', 'libs/client/src/bridge/local-pane.ts', `import 'node:fs'`],
  ['small-programs', 'apps/edge/src/main.ts', `import '#libs/service'`],
  ['serve-loads-late', 'apps/cli/src/hosting/serve.ts', `import '#libs/service'`],
  ['no-cycles', 'apps/audit/src/one.ts', `import './two.js'`],
  ['resolvable', 'apps/audit/src/lost.ts', `import 'no-such-package'`],
  ['declared-dependencies', 'apps/audit/src/tool.ts', `import type {} from 'vitest'`],
  ['built-without-tools', 'apps/demo/bin/tool.mjs', `import 'fast-check'`],
]
const OTHER_FILES: Record<string, string> = {
  'libs/service/src/nest.ts': `import type {} from '@nestjs/common'`,
  'apps/audit/src/two.ts': `import './one.js'`,
  'apps/rollout/src/testing/memory-thing-store.ts': 'export {}',
  'libs/platform/src/clock.spec.ts': 'export {}',
  'test/helper.ts': 'export {}',
  'apps/audit/src/allowed.ts': `import '#libs/contracts'`,
  'apps/audit/src/migrations/1-create.ts': `import type {} from 'typeorm'`,
  'libs/client/src/kafka/reader.ts': `import type {} from 'kafkajs'`,
  'apps/cli/src/hosting/migrate.ts': `import '#libs/platform'`,
  'libs/messaging/src/kafka/bus.ts': `import type {} from 'kafkajs'`,
}

describe('dependency rules', () => {
  it('hold for every source', () => {
    expect(violationsIn(ROOT).map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([])
  })

  describe('turn red', () => {
    let folder: string
    let found: Violation[]
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'hms-dependency-rules-'))
      const files: Record<string, string> = { ...OTHER_FILES }
      for (const [, file, line] of BREACHES) files[file] = `${files[file] ?? 'export {}'}\n${line}`
      const imports = { '#libs/*': './libs/*/src/index.ts' }
      files['package.json'] = JSON.stringify({
        name: 'breaches',
        type: 'module',
        imports,
        optionalDependencies: { kafkajs: '*', pg: '*', typeorm: '*', '@nestjs/common': '*' },
        devDependencies: { vitest: '*' },
      })
      files['tsconfig.json'] = JSON.stringify({ compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' } })
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(folder, dirname(path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
      found = violationsIn(folder)
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    it.each(BREACHES)('%s, for %s', (rule, file) => {
      expect(found.filter((violation) => violation.from === file).map((violation) => violation.rule.name)).toContain(rule)
    })

    it('only where they should', () => {
      const allowed = [
        'apps/audit/src/allowed.ts',
        'apps/audit/src/migrations/1-create.ts',
        'libs/messaging/src/kafka/bus.ts',
        'libs/client/src/kafka/reader.ts',
        'apps/cli/src/hosting/migrate.ts',
      ]
      expect(found.filter((violation) => allowed.includes(violation.from))).toEqual([])
    })
  })
})

/** In a process of its own, as CI runs it: the rules' file names are relative to where it runs. */
function violationsIn(folder: string): Violation[] {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [program, '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'apps', 'libs']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (stdout === '') throw new Error(stderr)
  const { modules, summary } = JSON.parse(stdout) as { modules: unknown[]; summary: { violations: Violation[] } }
  expect(modules.length).toBeGreaterThan(10)
  return summary.violations
}
