import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { pae, signEnvelope, spkiToKey, sshString, STATEMENT_TYPE, verifyEnvelope } from '#libs/signing'
import { chooseSigner } from '../approve/choose-signer.js'
import { FakeAgent } from '../testing/fake-agent.js'
import { KeyFolder } from './key-folder.js'
import { SshAgent, sshUint32 } from './ssh-agent.js'

const has = (program: string): boolean => spawnSync('which', [program]).status === 0
const PAYLOAD = Buffer.from('{"a":1}')

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hms-ssh-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('a key in an ssh-agent', () => {
  let fake: FakeAgent
  let folder: KeyFolder
  beforeEach(async () => {
    fake = await FakeAgent.start()
    folder = new KeyFolder(join(dir, 'keys'), 1000, new SshAgent(fake.socket))
  })
  afterEach(() => fake.stop())

  it('is registered with its public key alone, and signs DSSE envelopes', async () => {
    const { keyid, spki } = fake.add('EPA Chief')
    fake.add('login')
    expect(await folder.adopt('EPA Chief')).toMatchObject({
      name: 'EPA Chief',
      keyid,
      spki,
      agent: true,
      file: join(dir, 'keys', 'epa-chief.pub.json'),
    })
    expect(await folder.list()).toMatchObject([{ name: 'EPA Chief', agent: true }])
    const envelope = await signEnvelope(PAYLOAD, [await folder.open('epa chief', '')])
    expect(verifyEnvelope(envelope, new Map([[keyid, spkiToKey(spki)]])).keyids).toEqual([keyid])
  })

  it('is chosen as signer without a passphrase', async () => {
    const { keyid } = fake.add('EPA Chief')
    await folder.adopt('EPA Chief')
    const config = { keysDir: join(dir, 'keys'), dataDir: dir, agentSocket: fake.socket }
    expect(await chooseSigner(config)).toMatchObject({ name: 'EPA Chief', keyid })
    await expect(chooseSigner({ ...config, agentSocket: undefined })).rejects.toMatchObject({
      code: 'HMS_KEY_AGENT_UNREACHABLE',
      status: 403,
    })
  })

  it('is registered only if it is the named one or the only one', async () => {
    await expect(folder.adopt('EPA Chief')).rejects.toMatchObject({ code: 'HMS_KEY_AGENT_LACKS' })
    const [first, second] = [fake.add('one'), fake.add('two')]
    await expect(folder.adopt('EPA Chief')).rejects.toMatchObject({
      code: 'HMS_KEY_AGENT_CHOICE',
      detail: expect.stringContaining(`${first.keyid} (one), ${second.keyid} (two)`),
    })
    await expect(folder.adopt('EPA Chief', 'three')).rejects.toMatchObject({ code: 'HMS_KEY_AGENT_LACKS' })
    expect(await folder.adopt('EPA Chief', second.keyid)).toMatchObject({ keyid: second.keyid })
    expect(await folder.adopt('Air Office', 'one')).toMatchObject({ keyid: first.keyid })
    await expect(folder.adopt('EPA Chief', 'one')).rejects.toMatchObject({ code: 'HMS_KEY_EXISTS' })
    await expect(folder.create('EPA Chief', 'secret')).rejects.toMatchObject({ code: 'HMS_KEY_EXISTS' })
    await folder.create('Counsel', 'secret')
    await expect(folder.adopt('Counsel', 'one')).rejects.toMatchObject({ code: 'HMS_KEY_EXISTS' })
  })

  it('does not sign when the agent no longer has it or is locked', async () => {
    fake.add('EPA Chief')
    await folder.adopt('EPA Chief')
    fake.keys.length = 0
    await expect(folder.open('EPA Chief', '')).rejects.toMatchObject({
      code: 'HMS_KEY_AGENT_LACKS',
      detail: expect.stringContaining('or is locked'),
    })
  })

  it('does not sign when the agent is unreachable', async () => {
    fake.add('EPA Chief')
    await folder.adopt('EPA Chief')
    for (const socket of [undefined, join(dir, 'missing.sock')]) {
      await expect(new KeyFolder(join(dir, 'keys'), 1000, new SshAgent(socket)).open('EPA Chief', '')).rejects.toMatchObject({
        code: 'HMS_KEY_AGENT_UNREACHABLE',
      })
    }
  })

  it.each<[string, string, (type: number) => Buffer | undefined]>([
    ['refuses', 'HMS_KEY_AGENT_REFUSED', () => FakeAgent.frame(5)],
    [
      'signs something else',
      'HMS_KEY_AGENT_REFUSED',
      () => FakeAgent.frame(14, sshString(Buffer.concat([sshString(Buffer.from('ssh-ed25519')), sshString(Buffer.alloc(64))]))),
    ],
    [
      'signs in another way',
      'HMS_KEY_AGENT_REFUSED',
      () => FakeAgent.frame(14, sshString(Buffer.concat([sshString(Buffer.from('ssh-rsa')), sshString(Buffer.alloc(64))]))),
    ],
    ['cuts its answer', 'HMS_KEY_AGENT_REFUSED', () => FakeAgent.frame(14, sshUint32(99))],
    ['announces a huge frame', 'HMS_KEY_AGENT_UNREACHABLE', () => Buffer.concat([sshUint32(2 ** 31), Buffer.of(14)])],
    ['announces an empty one', 'HMS_KEY_AGENT_UNREACHABLE', () => Buffer.concat([sshUint32(0), Buffer.of(14)])],
    ['sends half a response and waits', 'HMS_KEY_AGENT_UNREACHABLE', () => FakeAgent.frame(14, Buffer.alloc(40)).subarray(0, 20)],
    ['sends nothing', 'HMS_KEY_AGENT_UNREACHABLE', () => undefined],
  ])('yields no signature when the agent %s', async (_what, code, answer) => {
    const { keyid } = fake.add('EPA Chief')
    const signer = await new SshAgent(fake.socket, { listMs: 5_000, signMs: 100 }).signer(keyid)
    fake.instead = answer
    await expect(signer.sign(PAYLOAD)).rejects.toMatchObject({ code })
  })

  it.each<[string, string, Buffer | undefined]>([
    ['claims too many keys', 'HMS_KEY_AGENT_REFUSED', FakeAgent.frame(12, sshUint32(2 ** 31))],
    ['claims more keys than it sends', 'HMS_KEY_AGENT_REFUSED', FakeAgent.frame(12, sshUint32(3))],
    [
      'sends a key of another length',
      'HMS_KEY_AGENT_REFUSED',
      FakeAgent.frame(
        12,
        sshUint32(1),
        sshString(Buffer.concat([sshString(Buffer.from('ssh-ed25519')), sshString(Buffer.alloc(31))])),
        sshString(Buffer.alloc(0)),
      ),
    ],
    ['answers something else', 'HMS_KEY_AGENT_REFUSED', FakeAgent.frame(5)],
    ['hangs up', 'HMS_KEY_AGENT_UNREACHABLE', undefined],
  ])('is not listed when the agent %s', async (_what, code, answer) => {
    fake.instead = (_type, connection) => {
      if (answer === undefined) connection.destroy()
      return answer
    }
    await expect(new SshAgent(fake.socket).list()).rejects.toMatchObject({ code })
  })
})

describe.runIf(['ssh-agent', 'ssh-add', 'ssh-keygen', 'openssl'].every(has))('OpenSSH’s own agent', () => {
  it('creates signatures that node:crypto and openssl verify, and none while it is locked', async () => {
    const socket = join(dir, 'agent.sock')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void agent.kill())
    await new Promise((resolve) => agent.stdout.once('data', resolve))
    expect(existsSync(socket)).toBe(true)
    const env = { PATH: '/usr/bin:/bin', SSH_AUTH_SOCK: socket, SSH_ASKPASS: join(dir, 'askpass'), SSH_ASKPASS_REQUIRE: 'force' }
    writeFileSync(env.SSH_ASKPASS, '#!/bin/sh\necho secret\n')
    chmodSync(env.SSH_ASKPASS, 0o700)
    const run = (program: string, ...argv: string[]): string =>
      execFileSync(program, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] }).toString()
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'EPA Chief', '-f', join(dir, 'id'))
    run('ssh-add', '-q', join(dir, 'id'))

    const folder = new KeyFolder(join(dir, 'keys'), 1000, new SshAgent(socket))
    const { keyid, spki } = await folder.adopt('EPA Chief')
    expect(run('ssh-keygen', '-l', '-E', 'sha256', '-f', join(dir, 'id.pub'))).toContain(keyid)
    const { signatures } = await signEnvelope(PAYLOAD, [await folder.open('EPA Chief', '')])
    const [signed, sig] = [pae(STATEMENT_TYPE, PAYLOAD), Buffer.from(signatures[0]!.sig, 'base64')]
    const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
    expect(verify(null, signed, key, sig)).toBe(true)
    for (const [name, bytes] of [
      ['signed', signed],
      ['sig', sig],
      ['key.der', Buffer.from(spki, 'base64')],
    ] as const)
      writeFileSync(join(dir, name), bytes)
    const file = (name: string): string => join(dir, name)
    expect(
      run(
        'openssl',
        'pkeyutl',
        '-verify',
        '-pubin',
        '-keyform',
        'DER',
        '-inkey',
        file('key.der'),
        '-rawin',
        '-in',
        file('signed'),
        '-sigfile',
        file('sig'),
      ),
    ).toContain('Verified Successfully')

    const signer = await folder.open('EPA Chief', '')
    run('ssh-add', '-x')
    await expect(Promise.resolve(signer.sign(PAYLOAD))).rejects.toMatchObject({ code: 'HMS_KEY_AGENT_REFUSED' })
    await expect(folder.open('EPA Chief', '')).rejects.toMatchObject({ code: 'HMS_KEY_AGENT_LACKS' })
    run('ssh-add', '-X')
    expect((await signEnvelope(PAYLOAD, [await folder.open('EPA Chief', '')])).signatures[0]!.sig).toBe(signatures[0]!.sig)
  })
})
