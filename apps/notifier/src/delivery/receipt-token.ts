import { createHash, randomBytes } from 'node:crypto'
import { SERVICE_PATHS } from '#libs/contracts'

const PATH = SERVICE_PATHS.notifier.find((path) => path.endsWith('/receipts'))!

/** Creates a token of 256 random bits: its bearer received the message that it belongs to. */
export function mintReceiptToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Returns the id of the token's row, a hash, so the time of a lookup reveals nothing about other tokens. */
export function receiptId(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Returns a message's receipt address; without `publicUrl` relative to the address by which the receiver reaches us. */
export function receiptUrl(token: string, publicUrl: string | undefined): string {
  return `${publicUrl ?? ''}${PATH}/${token}`
}

/** Returns the token in the body of a message; `undefined` for a message of an earlier build. */
export function receiptTokenIn(body: string): string | undefined {
  return tokenOf(readBody(body)?.data)
}

/** Returns the same message with another token: a displayed message must not contain a valid token, and a second channel gets its own. */
export function withReceiptToken(body: string, token: string): string {
  const message = readBody(body)
  if (message === undefined || tokenOf(message.data) === undefined) return body
  // JSON of our own serializer round-trips byte for byte.
  return JSON.stringify({ ...message, data: { ...message.data, receipt: String(message.data['receipt']).replace(TOKEN, token) } })
}

const TOKEN = /(?<=\/receipts\/)[A-Za-z0-9_-]{43}$/

/** Reads the member `receipt` only: other members contain people's texts, and one may look like an address. */
function tokenOf(data: Record<string, unknown> | undefined): string | undefined {
  const receipt = data?.['receipt']
  return typeof receipt === 'string' ? TOKEN.exec(receipt)?.[0] : undefined
}

function readBody(body: string): { data: Record<string, unknown> } | undefined {
  const message = JSON.parse(body) as { data?: unknown } | null
  const data = message?.data
  return typeof data === 'object' && data !== null ? { ...message, data: data as Record<string, unknown> } : undefined
}
