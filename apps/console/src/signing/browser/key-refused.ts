/** A key file that this page does not open. `message` says what to do instead. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused'
}

const ELSEWHERE = 'Or sign elsewhere with hms-svc sign and paste the signature.'
const ENCRYPT = 'openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000 -in KEY.pem -out NEW.pem'

export const REFUSALS = {
  notAKey: 'This is no key file: nothing in it begins with BEGIN ENCRYPTED PRIVATE KEY. Choose the .key.pem file of your key folder.',
  plain: `This key file is not encrypted, so this page does not open it. Encrypt it: ${ENCRYPT}. ${ELSEWHERE}`,
  openssh: `This is an OpenSSH key file, which a browser cannot open. ${ELSEWHERE}`,
  scrypt: `This key file is locked with scrypt, which no browser has. Lock it again: ${ENCRYPT}. ${ELSEWHERE}`,
  cipher: `This key file is locked with a method that this browser does not have. Lock it again: ${ENCRYPT}. ${ELSEWHERE}`,
  rounds: `This key file asks for more key derivation rounds than this page does. Lock it again: ${ENCRYPT}. ${ELSEWHERE}`,
  tooLarge: 'This file is larger than any key file. Choose the .key.pem file of your key folder.',
  passphrase: 'Wrong passphrase, or the key file is damaged. Nothing was signed.',
  notEd25519: `This key is no Ed25519 key, and no other signs here. ${ELSEWHERE}`,
  noEd25519: `This browser cannot sign with Ed25519: that takes Chrome or Edge 137, Firefox 129 or Safari 17. ${ELSEWHERE}`,
  insecure: `This page was not loaded over https or from this machine, so the browser has no cryptography for it. ${ELSEWHERE}`,
} as const
