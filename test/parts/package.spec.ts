import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { InstalledPackage, pack } from '../support/installed-package.js'
import { describeWith, programOf } from '../support/kubernetes/tools.config.js'
import { freePort, ready, scratchFolder, until } from '../support/processes.js'

/** Each way into the package, with some of what it gives. */
const ENTRY_POINTS: Record<string, string[]> = {
  'hms-svc': ['connect', 'deployPolicy', 'getPolicy', 'rollbackPolicy'],
  'hms-svc/bridge': ['openBridge'],
  'hms-svc/bridge/pane': ['joinBridge'],
  'hms-svc/kafka': ['followPolicies'],
  'hms-svc/openfeature': ['HmsProvider'],
  'hms-svc/testing': ['fakeClient'],
  'hms-svc/verify': ['verifyBundle'],
  'hms-svc/webhooks': ['verifyWebhook'],
}
const SAMPLES = 'node_modules/hms-svc/apps/demo/assets'

/** Verbs that run no service, and how they end where none answers. */
const LIGHT: [argv: string[], code: number][] = [
  [['version'], 0],
  [['--help'], 0],
  [['help', 'exit-codes'], 0],
  [['completion', 'bash'], 0],
  [['lint', `${SAMPLES}/policies/pm25.yaml`], 0],
  [['keys', 'create', '--name', 'EPA Chief'], 0],
  [['keys', 'list'], 0],
  [['get', 'epa-pm25-limit', '--url', 'http://127.0.0.1:9'], 11],
  [['plan', `${SAMPLES}/policies/pm25.yaml`, '--url', 'http://127.0.0.1:9'], 11],
  [['approve', `${SAMPLES}/policies/pm25.yaml`, '--sign', 'EPA Chief', '--url', 'http://127.0.0.1:9'], 11],
  [['doctor', '--url', 'http://127.0.0.1:9'], 11],
  [['watch', 'epa-pm25-limit', '--url', 'http://127.0.0.1:9', '--timeout', '1s'], 11],
]

/** Verbs that do. */
const HEAVY = [['dev'], ['demo', '--once'], ['serve', 'linter'], ['migrate'], ['topics', 'diff'], ['sidecar']]

const scratch = scratchFolder()
let archive: string
beforeAll(() => {
  archive = pack(scratch.path)
})
afterAll(() => scratch.remove())

function installed(name: string, flags: readonly string[] = []): InstalledPackage {
  const folder = join(scratch.path, name)
  mkdirSync(folder)
  return InstalledPackage.install(archive, folder, flags)
}

function expectEntryPoints(app: InstalledPackage, node: string): void {
  const text = `const found = {}
for (const name of ${JSON.stringify(Object.keys(ENTRY_POINTS))}) found[name] = Object.keys(await import(name))
console.log(JSON.stringify(found))`
  const { code, stdout, stderr } = app.module(text, node)
  expect([code, stderr]).toEqual([0, ''])
  const found = JSON.parse(stdout) as Record<string, string[]>
  for (const [name, exports] of Object.entries(ENTRY_POINTS)) expect(found[name], name).toEqual(expect.arrayContaining(exports))
}

it('the list of entry points is whole', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: object }
  const names = Object.keys(exports).map((path) => `hms-svc${path.slice(1)}`)
  expect(names.toSorted()).toEqual([...Object.keys(ENTRY_POINTS), 'hms-svc/package.json'].toSorted())
})

describe('the package, installed', () => {
  let whole: InstalledPackage
  let light: InstalledPackage
  beforeAll(() => {
    whole = installed('whole')
    light = installed('light', ['--omit=optional'])
    for (const [name, app] of Object.entries({ whole, light })) {
      process.stdout.write(`${name}: ${app.megabytes()} MB, ${app.packages().length} packages\n`)
    }
  }, 600_000)

  it('has the services and no tool of its making; without what is optional it is small', () => {
    const packages = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
    const { dependencies, optionalDependencies, devDependencies } = packages
    expect(Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !whole.has(name))).toEqual([])
    // Two are named twice: ADR 0097.
    expect(Object.keys(devDependencies!).filter((name) => !(name in dependencies!) && whole.has(name))).toEqual([])
    expect(Object.keys(optionalDependencies!).filter((name) => light.has(name))).toEqual([])
    expect(light.packages().length).toBeLessThanOrEqual(28)
    expect(light.megabytes()).toBeLessThanOrEqual(30)
  })

  const onNode = (node: () => string): void => {
    it('loads each entry point, without the OpenFeature SDK, whole and light', () => {
      for (const app of [whole, light]) {
        expect(app.has('@openfeature/server-sdk')).toBe(false)
        expectEntryPoints(app, node())
      }
    }, 120_000)

    it('runs the program', () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
      for (const app of [whole, light])
        expect(app.hms(['version'], node())).toEqual({ code: 0, stdout: `hms-svc ${version}\n`, stderr: '' })
    })

    it('whole, it serves', async () => {
      const port = await freePort()
      const dev = whole.start(['dev', '--port', String(port), '--data', join(scratch.path, `data-${port}`)], node())
      const exited = once(dev, 'exit')
      try {
        await until('dev is ready', async () => dev.exitCode !== null || (await ready(`http://127.0.0.1:${port}`)), 120_000)
        expect(dev.exitCode).toBeNull()
      } finally {
        dev.kill('SIGTERM')
        await exited
      }
    }, 180_000)
  }

  describe(`on this Node (${process.versions.node})`, () => onNode(() => process.execPath))
  describeWith(['node-22'], 'on Node 22', () => onNode(() => programOf('node-22')))
  describeWith(['node-24'], 'on Node 24', () => onNode(() => programOf('node-24')))
  describeWith(['node-26'], 'on Node 26', () => onNode(() => programOf('node-26')))

  it.each(LIGHT)('light, hms-svc %j ends as it does with everything', (argv, code) => {
    const ran = light.hms(argv)
    expect(ran.stderr).not.toContain('HMS_CLI_')
    expect(ran.code, ran.stderr).toBe(code)
  })

  it('light, a rule in Cedar is not judged: its engine is not there', () => {
    const rule = 'id: no-steps\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\ntags: [guard]\nguard: { kind: cedar, rule: x }\n'
    writeFileSync(join(light.folder, 'rule.yaml'), rule)
    const { code, stderr } = light.hms(['lint', 'rule.yaml'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('[HMS_CLI_PARTS_MISSING]')])
  })

  it.each(HEAVY)('light, hms-svc %s prints what to install', (...argv) => {
    const { code, stdout, stderr } = light.hms(argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('[HMS_CLI_PARTS_MISSING]')
    expect(stderr).toContain('next: npm install --include=optional')
  })
})
