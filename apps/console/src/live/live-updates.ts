import { HmsError } from '#libs/contracts'
import { ClientSlots, clientOf as shareOf, PeriodicTask, requireConnection, type Clock } from '#libs/platform'
import type { FastifyInstance } from 'fastify'
import type { ServerResponse } from 'node:http'
import { findPage, type FoundPage } from '../layout/find-page.js'
import type { Page } from '../layout/page.js'
import type { Asked } from '../layout/page-maker.js'
import type { ClientOf } from '../reading/client-of.js'
import { FollowedPage, type MadePage } from './followed-page.js'

export const LIVE_PATH = '/console/live'
const MAX_FOLLOWERS = 500
/** Limit for one address: enough for an office behind one address, and the other places are left for other clients. */
const MAX_OF_CLIENT = 250
const MAX_ADDRESS = 2_000
const KEEP_ALIVE_MS = 15_000
/** Limit of unsent bytes: a reader that takes nothing is disconnected, so that it does not fill the memory. It reconnects. */
const MAX_UNSENT_BYTES = 1024 * 1024

export interface LiveOptions {
  clock: Clock
  pages: readonly Page[]
  make(found: FoundPage, asked: Asked): Promise<MadePage>
  authorizationOf(headers: { authorization?: string; host?: string }, page: Page): string | undefined
  clientOf: ClientOf
}

/** `GET /console/live?page=/runs/1`: Server-Sent Events, each with the whole page; the script takes the parts that changed. */
export function addLiveUpdates(server: FastifyInstance, { clock, pages, make, authorizationOf, clientOf }: LiveOptions): void {
  const places = new ClientSlots(MAX_FOLLOWERS, MAX_OF_CLIENT, 'readers of live pages')
  const followed = new Map<string, FollowedPage>()
  const open = new Set<ServerResponse>()
  server.get(LIVE_PATH, { config: { page: true } }, (request, reply) => {
    const target = new URLSearchParams(request.url.split('?')[1] ?? '').get('page') ?? ''
    const [path, search] = target.split('?', 2)
    const found = target.length <= MAX_ADDRESS ? findPage(pages, path!) : undefined
    if (found === undefined || found.page.still === true)
      throw new HmsError('HMS_HTTP_PATH_UNKNOWN', 'There is no such page to follow.', { status: 404 }) // guard: console-not-followed
    const authorization = authorizationOf(request.headers, found.page)
    const asked = { query: new URLSearchParams(search ?? ''), authorization, client: clientOf(request) }
    requireConnection(reply.raw) // guard: live-own-connection
    const leave = places.take(shareOf(asked.client))
    const key = `${asked.authorization ?? ''}\n${target}`
    const page =
      followed.get(key) ??
      new FollowedPage(
        clock,
        () => make(found, asked),
        () => followed.size,
      )
    followed.set(key, page)
    reply.hijack()
    const { raw } = reply
    open.add(raw)
    raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    raw.write('retry: 3000\n\n')
    const stops = [leave, page.follow((html, isLast) => sendPage(raw, html, isLast)), keepAlive(clock, raw)]
    raw.once('close', () => {
      open.delete(raw)
      for (const stop of stops) stop()
      if (!page.followed) followed.delete(key)
    })
  })
  // These responses never end by themselves, and a closing server waits for open responses.
  server.addHook('preClose', async () => {
    for (const raw of open) raw.destroy()
  })
}

function send(raw: ServerResponse, text: string): void {
  if (raw.writableLength > MAX_UNSENT_BYTES) raw.destroy()
  else if (!raw.destroyed) raw.write(text)
}

function sendPage(raw: ServerResponse, html: string, isLast: boolean): void {
  send(raw, `data: ${JSON.stringify(html)}\n\n`)
  if (isLast && !raw.destroyed) raw.end()
}

/** Sends a comment at intervals, because proxies close silent connections. Returns a function that stops it. */
function keepAlive(clock: Clock, raw: ServerResponse): () => void {
  const beat = new PeriodicTask(clock, { everyMs: KEEP_ALIVE_MS, run: async () => send(raw, ':\n\n'), failed: () => {} })
  beat.start()
  return () => void beat.stop()
}
