import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readHostConfig, readNamedSigner, readRosterFile, readServiceSigner } from '#libs/process'
import { generateKeyPair } from '#libs/signing'

const MAIN = fileURLToPath(new URL('../../dist/apps/cli/src/main.js', import.meta.url))

let folder: string
const at = (...path: string[]): string => join(folder, ...path)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-given-'))
  execFileSync('mkfifo', [at('fifo')])
  symlinkSync('/dev/zero', at('zero.jsonl'))
  writeFileSync(at('policy.yaml'), 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n')
  writeFileSync(at('secret'), 'correct horse\n', { mode: 0o600 })
  writeFileSync(at('roster.json'), '{}')
  writeFileSync(at('partner.yaml'), 'id: va-deq\nchannels: [{ webhook: { url: "https://a.example", secret: "file:fifo" } }]\n')
  hms(['keys', 'create', '--name', 'EPA Chief', '--passphrase-file', at('secret')])
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The real process, ended after 20 s: what waits for a pipe or reads without end has no exit code. */
function hms(argv: string[], env: Record<string, string> = {}): { code: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, ['--max-old-space-size=256', MAIN, ...argv], {
    env: { PATH: '/usr/bin:/bin', HMS_KEYS_DIR: at('keys'), HMS_URL: 'http://127.0.0.1:9', HMS_DATA_DIR: at('data'), ...env },
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { code: status, stderr }
}

describe('a pipe or an endless device in the place of a file', () => {
  it.each([
    ['a policy to lint', ['lint', '/dev/zero'], {}],
    ['a policy to approve', ['approve', 'FIFO', '--sign', 'EPA Chief'], {}],
    ['a bot', ['bots', 'add', '/dev/zero', '--id', 'b'], {}],
    ['a scenario', ['scenarios', 'add', 'FIFO'], {}],
    ['a corpus', ['corpora', 'add', 'ZERO', '--id', 'c'], {}],
    ['a schema', ['schemas', 'add', 'FIFO', '--name', 's'], {}],
    ['a partner', ['partners', 'add', '/dev/zero'], {}],
    ['a secret of a partner', ['partners', 'add', 'PARTNER'], {}],
    ['a roster to sign', ['roster', 'sign', 'FIFO', '--sign', 'EPA Chief'], {}],
    ['a bundle', ['verify', '/dev/zero', '--roster', 'ROSTER'], {}],
    ['a roster to verify by', ['verify', 'ROSTER', '--roster', 'FIFO'], {}],
    ['the pinned roster', ['roster', 'show'], { HMS_ROSTER: 'FIFO' }],
    ['a passphrase', ['keys', 'create', '--name', 'Air', '--passphrase-file', '/dev/zero'], {}],
  ] as [string, string[], Record<string, string>][])('%s: refused with a code, exit 2', (_what, argv, env) => {
    const names: Record<string, string> = {
      FIFO: at('fifo'),
      ZERO: at('zero.jsonl'),
      PARTNER: at('partner.yaml'),
      ROSTER: at('roster.json'),
    }
    const named = (text: string): string => names[text] ?? text
    const { code, stderr } = hms(argv.map(named), Object.fromEntries(Object.entries(env).map(([name, value]) => [name, named(value)])))
    expect([code, /\[HMS_[A-Z_]+\]/.exec(stderr)?.[0]]).toEqual([
      2,
      argv[0] === 'roster' && argv[1] === 'show' ? '[HMS_ROSTER_UNREADABLE]' : '[HMS_FILE_NOT_REGULAR]',
    ])
  })

  it('is no roster, key or authority of a service either', async () => {
    const env = { HMS_ROSTER: at('fifo'), HMS_APPROVER_KEY_FILE: '/dev/zero', HMS_TRANSPARENCY_LOG_KEY_FILE: at('fifo') }
    const config = readHostConfig(env)
    await expect(readRosterFile(config)).rejects.toMatchObject({ code: 'HMS_IDENTITY_MISSING', detail: expect.stringContaining('a pipe') })
    await expect(readServiceSigner('approver', config, env)).rejects.toMatchObject({
      code: 'HMS_IDENTITY_MISSING',
      detail: expect.stringContaining('a device'),
    })
    await expect(readNamedSigner('audit-log', config, env)).rejects.toMatchObject({ code: 'HMS_IDENTITY_MISSING' })
  })
})

describe('a key that others can read', () => {
  it('of a person signs nothing, exit 3', () => {
    const file = at('keys', 'epa-chief.key.pem')
    for (const mode of [0o644, 0o640, 0o602]) {
      chmodSync(file, mode)
      const { code, stderr } = hms(['roster', 'sign', at('policy.yaml'), '--sign', 'EPA Chief', '--out', at('out')], {
        HMS_KEY_PASSPHRASE: 'correct horse',
      })
      // Judged before the roster is, or the roster refused first: in no case a signature.
      expect([code === 0, stderr.includes('Signature added')]).toEqual([false, false])
      const refused = hms(['tokens', 'list', '--sign', 'EPA Chief'], { HMS_KEY_PASSPHRASE: 'correct horse' })
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/\[HMS_KEY_EXPOSED\]\n {2}next: chmod 600 /)])
    }
    chmodSync(file, 0o600)
    expect(hms(['tokens', 'list', '--sign', 'EPA Chief'], { HMS_KEY_PASSPHRASE: 'correct horse' }).stderr).toContain('[HMS_UNREACHABLE]')
  })

  it('of a service starts none', async () => {
    const file = at('approver.pem')
    writeFileSync(file, generateKeyPair().privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o644 })
    const env = { HMS_APPROVER_KEY_FILE: file, HMS_WITNESS_KEY_FILE: file }
    const config = readHostConfig(env)
    await expect(readServiceSigner('approver', config, env)).rejects.toMatchObject({ code: 'HMS_KEY_EXPOSED', status: 403 })
    await expect(readNamedSigner('witness', config, env)).rejects.toMatchObject({ code: 'HMS_KEY_EXPOSED' })
    chmodSync(file, 0o600)
    await expect(readServiceSigner('approver', config, env)).resolves.toBeDefined()
  })

  it('is not made: keys are 0600 in a folder of 0700', () => {
    mkdirSync(at('umask'))
    const shell = `umask 000; exec "${process.execPath}" "${MAIN}" keys create --name "Air Office" --passphrase-file "${at('secret')}"`
    execFileSync('sh', ['-c', shell], { env: { PATH: '/usr/bin:/bin', HMS_KEYS_DIR: at('umask', 'deep', 'keys') } })
    expect(statSync(at('umask', 'deep', 'keys')).mode & 0o777).toBe(0o700)
    const modes = readdirSync(at('umask', 'deep', 'keys')).map((name) => [name, statSync(at('umask', 'deep', 'keys', name)).mode & 0o777])
    expect(Object.fromEntries(modes)['air-office.key.pem']).toBe(0o600)
  })

  it('with its passphrase: a passphrase file that others can read is named on stderr', () => {
    writeFileSync(at('open-secret'), 'correct horse\n', { mode: 0o644 })
    const { stderr } = hms(['tokens', 'list', '--sign', 'EPA Chief', '--passphrase-file', at('open-secret'), '--json'])
    expect(stderr).toMatch(/^! .*open-secret contains a secret, but is open to everybody on this machine/)
    writeFileSync(at('keys', 'passphrase'), 'correct horse\n', { mode: 0o644 })
    expect(hms(['tokens', 'list', '--sign', 'EPA Chief']).stderr).toContain('[HMS_KEY_EXPOSED]')
    rmSync(at('keys', 'passphrase'))
  })
})

describe('a password in an address', () => {
  it.each([
    ['--url', ['runs', 'list', '--url', 'http://u:SECRET@127.0.0.1:9'], {}],
    ['--url without a name', ['runs', 'list', '--url', 'http://:SECRET@127.0.0.1:9'], {}],
    ['--url with a slash in it', ['runs', 'list', '--url', 'http://u:SEC/RET@127.0.0.1:9'], {}],
    ['--url as a query', ['runs', 'list', '--url', 'http://127.0.0.1:9/?token=SECRET'], {}],
    ['HMS_URL', ['get', 'epa-pm25-limit', '--json'], { HMS_URL: 'http://u:SECRET@127.0.0.1:9' }],
    ['HMS_URL of topics', ['topics', 'list'], { HMS_URL: 'http://u:SECRET@127.0.0.1:9' }],
    ['HMS_URL of tokens', ['tokens', 'list'], { HMS_URL: 'https:u:SECRET@' }],
    ['HMS_URL of the side-car', ['sidecar', '--port', '1'], { HMS_URL: 'http://u:SECRET@127.0.0.1:9' }],
    ['HMS_DATABASE_URL', ['migrate'], { HMS_DATABASE_URL: 'postgres://u:SECRET@127.0.0.1:9/x' }],
  ] as [string, string[], Record<string, string>][])('%s is never repeated', (_where, argv, env) => {
    const { code, stderr } = hms(argv, env)
    expect(code).not.toBe(0)
    expect(stderr).not.toMatch(/SEC|RET@/)
    expect(stderr).toMatch(/HMS_/)
  })
})
