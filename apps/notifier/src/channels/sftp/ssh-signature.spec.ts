import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, localSigner, rawPublicKey } from '#libs/signing'
import { afterAll, describe, expect, it } from 'vitest'
import { FILE_NAMESPACE, sshPublicKey, sshSignature } from './ssh-signature.js'

const folder = mkdtempSync(join(tmpdir(), 'hms-sshsig-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { privateKey, publicKey } = generateKeyPair()
const signed = (bytes: Buffer): Promise<string> => sshSignature(bytes, localSigner(privateKey), rawPublicKey(publicKey))
const hasSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

/** Verifies as a partner would, with the OpenSSH tools. */
function verifies(bytes: Buffer, signature: string, namespace = FILE_NAMESPACE): boolean {
  const [signers, file] = [join(folder, 'allowed_signers'), join(folder, 'a.sig')]
  writeFileSync(signers, `notifier ${sshPublicKey(rawPublicKey(publicKey))}\n`)
  writeFileSync(file, signature)
  const { status } = spawnSync('ssh-keygen', ['-Y', 'verify', '-f', signers, '-I', 'notifier', '-n', namespace, '-s', file], {
    input: bytes,
  })
  return status === 0
}

describe.skipIf(!hasSshKeygen)(`a signature over a file${hasSshKeygen ? '' : ' (skipped: needs ssh-keygen)'}`, () => {
  const document = Buffer.from('{"limit":25}\n')

  it('verifies with ssh-keygen, only over these bytes and in this namespace', async () => {
    const signature = await signed(document)
    expect(verifies(document, signature)).toBe(true)
    expect(verifies(Buffer.from('{"limit":35}\n'), signature)).toBe(false)
    expect(verifies(document, signature, 'git')).toBe(false)
  })

  it('is the same on every attempt', async () => {
    expect(await signed(document)).toBe(await signed(document))
  })
})
