import { createHash } from 'node:crypto'
import { toBase64 } from '#libs/contracts'
import { sshKeyBlob, sshString, type Signer } from '#libs/signing'

/** Namespace for `ssh-keygen -Y verify -n`: a signature made for another purpose is not valid for a file. */
export const FILE_NAMESPACE = 'hms-svc-file'

const LINE = 70

/**
 * Creates a detached signature that `ssh-keygen -Y verify` checks (OpenSSH PROTOCOL.sshsig, version 1), so a partner needs no program of
 * ours. Ed25519 is deterministic, so a retry makes the same file. `publicKey`: the 32 raw bytes of the signer's key.
 */
export async function sshSignature(bytes: Uint8Array, signer: Signer, publicKey: Uint8Array): Promise<string> {
  const about = Buffer.concat([text(FILE_NAMESPACE), text(''), text('sha512')])
  const hash = sshString(createHash('sha512').update(bytes).digest())
  const signed = Buffer.concat([Buffer.from('SSHSIG'), about, hash])
  const signature = Buffer.concat([text('ssh-ed25519'), sshString(await signer.sign(signed))])
  const version = Buffer.from([0, 0, 0, 1])
  const blob = Buffer.concat([Buffer.from('SSHSIG'), version, sshString(sshKeyBlob(publicKey)), about, sshString(signature)])
  const lines = blob.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n')
}

/** Formats a public key as the line `ssh-ed25519 AAAA…` of `allowed_signers` and `authorized_keys`. */
export function sshPublicKey(publicKey: Uint8Array): string {
  return `ssh-ed25519 ${toBase64(sshKeyBlob(publicKey))}`
}

function text(value: string): Uint8Array {
  return sshString(Buffer.from(value))
}
