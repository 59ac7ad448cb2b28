import { createHmac } from 'node:crypto'
import type { Json, Suspect } from '#libs/contracts'
import type { WebhookHeaders } from './standard-webhooks.js'

export interface SignedMessage {
  id: string
  timestamp: Date
  body: Buffer
}

/** Message signed as a receiver with this mistake would compute it: a receiver that accepts it has the mistake. */
export interface Mistake {
  suspect: Suspect
  detail: string
  headers: WebhookHeaders
}

/** Lists the mistakes in the order of the attempts, the most common first. */
export function usualMistakes({ id, timestamp, body }: SignedMessage, secret: string): Mistake[] {
  const seconds = String(Math.floor(timestamp.getTime() / 1000))
  const encoded = secret.slice('whsec_'.length)
  const key = Buffer.from(encoded, 'base64')
  const make = (suspect: Suspect, detail: string, signed: string, by: Buffer = key, time = seconds): Mistake => {
    const signature = `v1,${createHmac('sha256', by).update(signed).digest('base64')}`
    return { suspect, detail, headers: { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } }
  }
  const text = body.toString()
  const right = `${id}.${seconds}.${text}`
  const milliseconds = String(timestamp.getTime())
  return [
    make(
      'secret',
      'the key is the whole text of the secret there; take what is behind whsec_ and decode its base64',
      right,
      Buffer.from(secret),
    ),
    make('secret', 'the base64 behind whsec_ is not decoded there; the key is the bytes that it stands for', right, Buffer.from(encoded)),
    make('body', 'an empty body is checked there: something read the request before; keep the bytes as they came', `${id}.${seconds}.`),
    make(
      'body',
      'the body is parsed and printed again there before it is checked; keep the bytes as they came',
      `${id}.${seconds}.${reprinted(text)}`,
    ),
    make('id', 'webhook-id is left out of what is signed there; it is ID.TIMESTAMP.BODY', `${seconds}.${text}`),
    make('time', 'webhook-timestamp is left out of what is signed there; it is ID.TIMESTAMP.BODY', `${id}.${text}`),
    make(
      'time',
      'webhook-timestamp is read as milliseconds there; it is whole seconds',
      `${id}.${milliseconds}.${text}`,
      key,
      milliseconds,
    ),
    make('body', 'only the body is signed there; it is ID.TIMESTAMP.BODY', text),
  ]
}

/** Reprints JSON with a blank behind each comma and colon, as most languages do; ours has none. */
function reprinted(text: string): string {
  return printSpaced(JSON.parse(text) as Json)
}

function printSpaced(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printSpaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${printSpaced(member ?? null)}`)
  return `{${members.join(', ')}}`
}
