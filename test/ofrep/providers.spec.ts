import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOfRelease, POLICY, startStore } from '../../apps/config-store/src/testing/store-harness.suite.js'

interface Language {
  name: string
  /** What has to be on the machine. */
  needs: string[]
  /** Commands that fetch and build, in a copy of the folder of this name, and the one that asks. */
  prepare: string[][]
  probe: string[]
  /** Result for a context without `targetingKey`, where it is not the one that the server returned. */
  keyless?: string
}

const LANGUAGES: Language[] = [
  {
    name: 'python',
    needs: ['python3'],
    prepare: [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', '--requirement', 'requirements.txt'],
    ],
    probe: ['venv/bin/python', 'probe.py'],
  },
  {
    name: 'go',
    needs: ['go'],
    prepare: [
      ['go', 'mod', 'tidy'],
      ['go', 'build', '-o', 'probe', '.'],
    ],
    probe: ['./probe'],
  },
  {
    name: 'java',
    needs: ['java', 'mvn'],
    prepare: [['mvn', '--quiet', '--batch-mode', 'dependency:copy-dependencies', '-DoutputDirectory=jars']],
    probe: ['java', '-cp', 'jars/*', 'Probe.java'],
    // To it every 400 is this.
    keyless: 'INVALID_CONTEXT',
  },
]

let harness: Awaited<ReturnType<typeof startStore>>
const folder = mkdtempSync(join(tmpdir(), 'hms-ofrep-'))
beforeAll(async () => {
  harness = await startStore()
  await harness.stored(await harness.head())
  const expires = new Date(harness.clock.now().getTime() + 120_000).toISOString()
  const base = digestOfRelease('1.0.0')
  await harness.stored(await harness.head({ scope: 'region:NCR', version: '2.0.0', share: 10_000, base, expires }))
})
afterAll(async () => {
  await harness.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Standard output; what went wrong with it otherwise. */
function run([command = '', ...argv]: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: string[] = []
    const errors: string[] = []
    child.stdout.on('data', (chunk) => out.push(String(chunk)))
    child.stderr.on('data', (chunk) => errors.push(String(chunk)))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(out.join('')) : reject(new Error(`${command} ${argv.join(' ')}: ${code}\n${errors.join('')}`)),
    )
  })
}

describe.each(LANGUAGES)('the stock provider of $name', ({ name, needs, prepare, probe, keyless = 'TARGETING_KEY_MISSING' }) => {
  const missing = needs.filter((command) => spawnSync('which', [command]).status !== 0)

  it('gets policies and fields, is in canaries, and gets errors', { timeout: 600_000 }, async ({ skip }) => {
    if (missing.length > 0) skip(`${missing.join(' and ')} is not on this machine`)
    const here = join(folder, name)
    cpSync(new URL(name, import.meta.url), here, { recursive: true })
    for (const command of prepare) await run(command, here)
    expect(JSON.parse(await run([...probe, harness.url, POLICY], here))).toEqual({
      stable: { limit: 25, reason: 'TARGETING_MATCH', variant: '1.0.0', scope: 'global', error: null },
      canary: { limit: 25, reason: 'SPLIT', variant: '2.0.0', scope: 'region:NCR', error: null },
      field: 25,
      version: '1.0.0',
      unknown: 'FLAG_NOT_FOUND',
      keyless,
    })
  })
})
