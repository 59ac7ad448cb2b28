import { createHash, randomBytes } from 'node:crypto'
import { SERVICE_PATHS } from '#libs/contracts'

const PATH = SERVICE_PATHS.notifier.find((path) => path.endsWith('/receipts'))!

/** 256 random bits: whoever knows it was sent the message that it belongs to. */
export function mintReceiptToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Under which its row lies: how long a lookup takes says nothing about other tokens. */
export function receiptId(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** The address in a message; without `publicUrl` it is relative to where the receiver reaches this installation. */
export function receiptUrl(token: string, publicUrl: string | undefined): string {
  return `${publicUrl ?? ''}${PATH}/${token}`
}

/** The token in the body of a message; `undefined` for one of an earlier build. */
export function receiptTokenIn(body: string): string | undefined {
  return /\/receipts\/([A-Za-z0-9_-]{43})"/.exec(body)?.[1]
}

/** The same message with another token: what is shown of it must not acknowledge, and a second channel gets its own. */
export function withReceiptToken(body: string, token: string): string {
  return body.replace(/(\/receipts\/)[A-Za-z0-9_-]{43}(")/, `$1${token}$2`)
}
