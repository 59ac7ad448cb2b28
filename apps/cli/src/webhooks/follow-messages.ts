import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ApiClient } from '#libs/client'
import type { DeliveryView } from '#libs/contracts'
import { replaceFile } from '#libs/files'
import { usageError } from '../errors.js'
import { memoryFolder, readGivenText } from '../files.js'
import type { Forwarded, Message } from './forward.js'

/** State of a listener: how far it has forwarded messages, and the secret that signs them. */
export interface FeedPosition {
  /** Creation time of the newest message that was forwarded, or skipped at the start. */
  newest: string
  /** Messages forwarded within `OVERLAP_MS` before `newest`; more of that time may appear, because transactions overlap. */
  seen: { id: string; at: string }[]
  secret: string
}

/** Overlap in ms: a transaction that began this long before another may commit after it. */
export const OVERLAP_MS = 60_000

/** Returns the position after a message was forwarded. Its size is bounded by the messages of a minute. */
function after(position: FeedPosition, id: string, at: string): FeedPosition {
  const newest = at > position.newest ? at : position.newest
  const horizonMs = Date.parse(newest) - OVERLAP_MS
  return { ...position, newest, seen: [...position.seen, { id, at }].filter((each) => Date.parse(each.at) >= horizonMs) }
}

/** Stores the position, so that a restarted listener continues from it. The secret is used on this machine only. */
export class PositionFile {
  private readonly file: string

  constructor(dataDir: string, url: string, partner: string | undefined) {
    this.file = join(memoryFolder(dataDir), 'webhooks', `${encodeURIComponent(url)}~${encodeURIComponent(partner ?? 'all')}.json`)
  }

  async read(): Promise<FeedPosition | undefined> {
    if (!existsSync(this.file)) return undefined
    const text = await readGivenText(this.file)
    try {
      const read = JSON.parse(text) as FeedPosition
      if (typeof read.secret === 'string' && Array.isArray(read.seen)) return read
    } catch {
      // Treated like JSON of another schema.
    }
    throw usageError(`${this.file} contains no position of the listener`, ['hms-svc webhooks listen --forward URL --from 1h'])
  }

  async write(position: FeedPosition): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true })
    // Replaced atomically, because another listener may write at the same time.
    await replaceFile(this.file, JSON.stringify(position), 0o600)
  }
}

const PAGE = 500
const POLL_MS = 1_000
const LONGEST_WAIT_MS = 30_000

export interface FollowOptions {
  client: ApiClient
  partner: string | undefined
  forward(message: Message): Promise<Forwarded>
  /** Waits; ends early, and resolves to `false`, when the listener is to stop. */
  wait(ms: number): Promise<boolean>
  /** Called at the first response of the service. */
  onReady(): void
  onForwarded(delivery: DeliveryView, result: Forwarded): void
  /** Called when the service did not respond; it is polled again, and nothing is lost. */
  onError(error: unknown): void
  savePosition(position: FeedPosition): Promise<void>
}

/** Returns the position after all messages that exist now. A message created earlier but committed later is still forwarded. */
export async function currentPosition(client: ApiClient, partner: string | undefined, secret: string): Promise<FeedPosition> {
  const [newest] = await client.get('/v1/deliveries', { partner, limit: 1 })
  const start: FeedPosition = { newest: newest?.createdAt ?? new Date(OVERLAP_MS).toISOString(), seen: [], secret }
  const existing = await messagesAfter(client, partner, start)
  return existing.reduce((position, { messageId, createdAt }) => after(position, messageId, createdAt), start)
}

/** Forwards each message once, in order, until `wait` returns false; retries what is not accepted. Rejects if the first read fails. */
export async function followMessages(options: FollowOptions, start: FeedPosition): Promise<void> {
  const { client, partner, savePosition, wait } = options
  let position = start
  let failures = 0
  let isReady = false
  do {
    try {
      const messages = await messagesAfter(client, partner, position)
      if (!isReady) options.onReady()
      isReady = true
      failures = 0
      for (const message of messages) {
        if (!(await deliver(options, message))) return
        position = after(position, message.messageId, message.createdAt)
        await savePosition(position)
      }
    } catch (error) {
      if (!isReady) throw error
      failures++
      options.onError(error)
    }
  } while (await wait(pauseAfter(failures)))
}

/** Returns the messages not forwarded yet, oldest first, each once: all channels of a partner share a message id. */
async function messagesAfter(client: ApiClient, partner: string | undefined, { newest, seen }: FeedPosition): Promise<DeliveryView[]> {
  const since = new Date(Date.parse(newest) - OVERLAP_MS).toISOString()
  const found = new Map<string, DeliveryView>()
  let before: string | undefined
  for (;;) {
    const page = await client.get('/v1/deliveries', { partner, since, before, limit: PAGE })
    for (const delivery of page) found.set(delivery.messageId, delivery)
    before = page.at(-1)?.id
    if (page.length < PAGE) break
  }
  for (const { id } of seen) found.delete(id)
  return [...found.values()].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
}

async function deliver({ client, forward, wait, onForwarded }: FollowOptions, delivery: DeliveryView): Promise<boolean> {
  const { body } = await client.get('/v1/deliveries/{id}', { id: delivery.id })
  for (let tries = 1; ; tries++) {
    const result = await forward({ id: delivery.messageId, body })
    onForwarded(delivery, result)
    if (result.ok) return true
    if (!(await wait(pauseAfter(tries)))) return false
  }
}

function pauseAfter(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, POLL_MS * 2 ** failures)
}
