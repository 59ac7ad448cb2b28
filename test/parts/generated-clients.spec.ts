import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { areToolsRequired } from '../support/kubernetes/tools.config.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { finished, scratchFolder } from '../support/processes.js'

const PAGE = readFileSync(join(ROOT, 'docs/how-to/generate-a-client.md'), 'utf8')
const DOCUMENT = join(ROOT, 'docs/openapi.json')
const TSC = join(ROOT, 'node_modules/typescript/lib/tsc.js')
const LIMIT_MS = 500_000

/** Commands and program of a section of the page. */
function sectionOf(title: string, language: string): { commands: string; program: string } {
  const section = PAGE.split(`## ${title}\n`)[1]!.split('\n## ')[0]!
  const blockOf = (name: string): string => new RegExp(`\`\`\`${name}\n([\\s\\S]*?)\`\`\``).exec(section)![1]!
  return { commands: blockOf('sh'), program: blockOf(language) }
}

interface Language {
  title: string
  block: string
  file: string
  needs: string
  /** Commands after those of the page: what runs its program. */
  run: string[]
  /** What the page fetches and this repository has. */
  instead?: [string, string]
}

const CHECKED = `node '${TSC}' --strict --target es2022 --module nodenext --types node --typeRoots '${join(ROOT, 'node_modules/@types')}'`
const LANGUAGES: Language[] = [
  { title: 'Python', block: 'python', file: 'reader.py', needs: 'python3 --version', run: ['venv/bin/python', 'reader.py'] },
  { title: 'Go', block: 'go', file: 'reader.go', needs: 'go version', run: ['./reader'] },
  {
    title: 'TypeScript',
    block: 'ts',
    file: 'reader.mts',
    needs: 'node --version',
    run: ['sh', '-ec', `${CHECKED} reader.mts && node reader.mjs`],
    instead: ['npx openapi-typescript@7.13.0', `node '${join(ROOT, 'node_modules/openapi-typescript/bin/cli.js')}'`],
  },
]

/** Each client is made, built and run as the page says, beside a server. */
describe('a client that is generated from the OpenAPI document', () => {
  const scratch = scratchFolder()
  let system: MemorySystem
  beforeAll(async () => {
    system = await startMemorySystem()
    const people = new PipelineDriver(system)
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
      const limit = 20 + Number(version[2])
      await people.reaches(await people.approve([`epa-pm25-limit@${version}=${limit}`], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    }
  })
  afterAll(async () => {
    await system.stop()
    scratch.remove()
  })

  for (const { title, block, file, needs, run, instead } of LANGUAGES) {
    const isHere = spawnSync('sh', ['-c', needs]).status === 0
    it.skipIf(!isHere && !areToolsRequired())(
      `in ${title} builds, reads lists page by page, and knows a refusal`,
      { timeout: 900_000 },
      async () => {
        const { commands, program } = sectionOf(title, block)
        const folder = join(scratch.path, title)
        mkdirSync(folder)
        writeFileSync(join(folder, file), program)
        writeFileSync(join(folder, 'openapi.json'), readFileSync(DOCUMENT))
        if (title === 'TypeScript') writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
        const made = instead === undefined ? commands : commands.replace(instead[0], instead[1])
        const built = await finished('sh', ['-ec', `cd '${folder}'\n${made}`], { GOFLAGS: '-mod=mod' }, LIMIT_MS)
        expect(built.code, built.stdout + built.stderr).toBe(0)
        expect(built.stdout + built.stderr).not.toMatch(/error|unable to|warning: /i)
        const ran = await finished('sh', ['-ec', `cd '${folder}'\nexec "$@"`, 'sh', ...run], { HMS_URL: system.url }, LIMIT_MS)
        expect(ran.code, ran.stdout + ran.stderr).toBe(0)
        expect(ran.stdout.trim().split('\n')).toEqual([
          'epa-pm25-limit 1.2.0',
          'run 3 SUCCEEDED',
          'run 2 SUCCEEDED',
          'run 1 SUCCEEDED',
          '401 HMS_AUTH_TOKEN_UNKNOWN',
        ])
      },
    )
  }
})
