import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runForTest } from '../testing/run-cli.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-keys-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('keys', () => {
  it('creates a key, lists it and exports its public half', async () => {
    await writeFile(join(folder, 'secret.txt'), 'correct horse\n')
    const env = { HMS_KEYS_DIR: join(folder, 'keys') }
    const made = await runForTest(['keys', 'create', '--name', 'EPA Chief', '--passphrase-file', join(folder, 'secret.txt')], { env })
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('✓ Key of "EPA Chief" made')])
    const listed = JSON.parse((await runForTest(['keys', 'list', '--json'], { env })).stdout)
    expect(listed).toMatchObject([{ name: 'EPA Chief' }])
    const exported = await runForTest(['keys', 'export', 'EPA Chief'], { env })
    expect(exported.stdout).toContain('BEGIN PUBLIC KEY')
    expect(await readFile(listed[0].file, 'utf8')).toContain('ENCRYPTED')
    expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env: { ...env, HMS_KEY_PASSPHRASE: 'x' } })).code).toBe(5)
  })

  it('prompts twice on a terminal, and creates no key if the passphrases differ', async () => {
    const env = { HMS_KEYS_DIR: folder }
    const { code, stderr } = await runForTest(['keys', 'create', '--name', 'Air Office'], { env, answers: ['one', 'two'] })
    expect(code).toBe(2)
    expect(stderr).toContain('differ')
    expect((await runForTest(['keys', 'list', '--json'], { env })).stdout).toBe('[]\n')
  })

  it.each([[{}], [{ answers: ['secret'] }]])(
    'does not prompt without a terminal or with --json: names the flag, exit 2',
    async (harness) => {
      const argv = ['keys', 'create', '--name', 'Air Office', '--json']
      const { code, stderr } = await runForTest(argv, { env: { HMS_KEYS_DIR: folder }, ...harness })
      expect(code).toBe(2)
      expect(stderr).toContain('--passphrase-file')
    },
  )

  it('exits with 3 for an unknown key', async () => {
    expect((await runForTest(['keys', 'export', 'Unknown Person'], { env: { HMS_KEYS_DIR: folder } })).code).toBe(3)
  })

  it('lists a key of the ssh-agent, and reports a missing agent', async () => {
    const none = await runForTest(['keys', 'create', '--name', 'EPA Chief', '--agent'], { env: { HMS_KEYS_DIR: folder } })
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('SSH_AUTH_SOCK is not set')])
    const socket = join(folder, 'agent.sock')
    const away = await runForTest(['keys', 'create', '--name', 'EPA Chief', '--agent', 'SHA256:x'], {
      env: { HMS_KEYS_DIR: folder, SSH_AUTH_SOCK: socket },
    })
    expect([away.code, away.stderr]).toEqual([3, expect.stringMatching(/is not there \(ENOENT\) \[HMS_KEY_AGENT_UNREACHABLE\]/)])
    await writeFile(join(folder, 'epa-chief.pub.json'), JSON.stringify({ name: 'EPA Chief', keyid: 'SHA256:x', spki: 'MCow', agent: true }))
    const listed = await runForTest(['keys', 'list'], { env: { HMS_KEYS_DIR: folder } })
    expect(listed.stdout).toMatch(/EPA Chief.*ssh-agent.*SHA256:x/)
  })
})
