import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanEnvironment } from '../support/processes.config.js'
import { freePort, ready, scratchFolder, Served, until } from '../support/processes.js'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/how-to/approve-over-http.md', import.meta.url)), 'utf8')
/** What a reader pastes, one block a step. */
const [SETTINGS, PREPARE, ...READ_TO_WATCH] = [...PAGE.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!)
const ALL = [SETTINGS!, PREPARE!, ...READ_TO_WATCH]

/** The page on a running system. Its order counts: what must be refused comes before the policy is live. */
describe('approving over HTTP, with the commands of the page', () => {
  const scratch = scratchFolder()
  const folder = join(scratch.path, 'signer')
  let env: Record<string, string>
  let dev: Served

  beforeAll(async () => {
    mkdirSync(folder)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const data = join(scratch.path, 'data')
    dev = Served.start(['dev'], { HMS_DATA_DIR: data, HMS_PORT: String(port) })
    env = { URL: url, HMS_DATA_DIR: data }
    await until('dev is ready', () => ready(url))
  }, 120_000)
  afterAll(async () => {
    await dev.stop()
    scratch.remove()
  })

  it('stops before it signs a release that contains another policy', async () => {
    const { code, output } = await run([
      SETTINGS!,
      PREPARE!,
      `sed s/35/350/ policy.json > other.json; mv other.json policy.json`,
      ...READ_TO_WATCH,
    ])
    expect(output).toContain('DO NOT SIGN')
    expect(output).not.toContain('signed with')
    expect(code).not.toBe(0)
  })

  it('is refused with a key that the roster does not name', async () => {
    const key = join(folder, 'key.pem')
    spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key])
    const { code, output } = await run(ALL, { KEY: key })
    expect(output).toContain('HMS_APPROVER_SIGNER_UNKNOWN')
    expect(code).not.toBe(0)
  })

  it('approves, watches the run and reads the policy', async () => {
    const { code, output } = await run(ALL)
    expect(output).toMatch(/^ok {3}signed with SHA256:\S{43}$/m)
    expect(output).toMatch(/^ok {3}run 1 is LINTING$/m)
    expect(output).toMatch(/^SUCCEEDED\n"limit":35$/m)
    expect(code, output).toBe(0)
  }, 60_000)

  it('reports on a second pass that the policy is live', async () => {
    const { code, output } = await run(ALL)
    expect(output).toContain('HMS_APPROVER_ALREADY_LIVE')
    expect(code).not.toBe(0)
  })

  function run(blocks: string[], more: Record<string, string> = {}): Promise<{ code: number; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], {
        cwd: folder,
        env: { ...cleanEnvironment(), ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
      child.once('error', reject)
      child.once('close', (code) => resolve({ code: code ?? 137, output }))
    })
  }
})
