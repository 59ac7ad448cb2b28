import { HmsError, type ServiceName } from '#libs/contracts'
import { isForeignHost, SERVES_NO_PATH, systemClock, TrustedProxies, type Clock } from '#libs/platform'
import type { FastifyInstance } from 'fastify'
import { addPrepareForm } from './approvals/prepare-form.js'
import { addLogExport } from './audit/export-log.js'
import { servePictures } from './docs/library.js'
import { serveSwagger } from './docs/swagger-page.js'
import { addWalkthrough, type Walkthrough } from './home/walkthrough.js'
import { addMailLinkForms } from './mail-links/mail-link-forms.js'
import { readHeader } from './home/overview-state.js'
import { addLiveUpdates } from './live/live-updates.js'
import { acceptsHtml } from './layout/accepts-html.js'
import { readAssets, readBundle, type Asset } from './layout/assets.js'
import type { Page } from './layout/page.js'
import { PageMaker, type ShowAnswer } from './layout/page-maker.js'
import { sendPage } from './layout/page-headers.js'
import { PAGES } from './pages.js'
import { FRAME_HEADERS, FRAME_PATH, paneFrame } from './panes/pane-frame.js'
import { ApiReader } from './reading/api-reader.js'
import { clientBehind, originBehind, type SendOf } from './reading/client-of.js'
import { addOfflineBundles } from './runs/offline-bundle.js'
import { addPasteForm } from './signing/paste-form.js'
import { NOT_FOUND } from './layout/absent.js'

type Headers = { authorization?: string; host?: string }

export interface ConsoleOptions {
  /** Base URLs of a service's instances; the process's own URL if all services run in this process. */
  urlsOf(service: ServiceName): readonly string[]
  clock?: Clock
  /** Proxies that are trusted to report the address of the client behind them. */
  trusted?: TrustedProxies
  /** Key for the reads of requests without a key of their own. Dry runs are the only POST requests that carry it. */
  key?: string | undefined
  /** Host names, besides loopback, for which `key` is used. A foreign name that was made to point here (DNS rebinding) is refused. */
  hosts?: readonly string[]
  /** File of the roster that this process is pinned to. By this roster, pages verify what a person is about to change. */
  roster?: string | undefined
  /** Name of the environment in the header: the profile. */
  environment?: string
  /** Only for the demo: its steps on Overview. */
  walkthrough?: Walkthrough | undefined
  /** Contacts of `security.txt`; by default the mailbox `security` of the requested host (RFC 2142). */
  contacts?: readonly string[] | undefined
}

/** Adds the pages for people to the server that also serves the API. The pages read the API as any other client does. */
export function addConsole(server: FastifyInstance, options: ConsoleOptions): void {
  const { urlsOf, clock = systemClock, trusted = new TrustedProxies([]), key, hosts = [] } = options
  const { roster, environment, walkthrough, contacts } = options
  const assets = readAssets()
  const [sign, check] = [readBundle('sign.js'), readBundle('check.js')]
  const own = Object.fromEntries(Object.entries(assets).map(([name, { href }]) => [name, href])) as Record<keyof typeof assets, string>
  const hrefs = { ...own, sign: sign?.href ?? '', check: check?.href ?? '' }
  const clientOf = clientBehind(trusted)
  const reader = new ApiReader({ urlsOf, clock })
  const maker = new PageMaker(reader, hrefs, clock, { roster, url: urlsOf('approver')[0] ?? '' }, environment, readHeader, walkthrough)
  const isStrange = ({ host: asked }: Headers): boolean => isForeignHost(asked) && !hosts.some((host) => !isForeignHost(asked, host))
  const readsAs = (headers: Headers, page?: Page): string | undefined => {
    const sent = bearerOf(headers)
    if (sent !== undefined || key === undefined || page?.open === true) return sent
    if (isStrange(headers)) throw strangeHost()
    return `Bearer ${key}`
  }
  const show: ShowAnswer = async ({ headers }, reply, content) =>
    sendPage(reply, await maker.show(content, isStrange(headers) ? bearerOf(headers) : readsAs(headers)))
  for (const asset of [...Object.values(assets), { ...assets.icon, path: '/favicon.ico' }]) serveAsset(server, asset)
  serveSecurityText(server, clock, contacts)
  serveSwagger(server)
  servePictures(server)
  for (const asset of [readBundle('bridge.js'), readBundle('pane.js'), sign, check]) if (asset !== undefined) serveAsset(server, asset)
  server.get(FRAME_PATH, { config: { page: true } }, async ({ headers }, reply) => {
    const html = await paneFrame(reader.as(readsAs(headers)), hrefs)
    return reply.headers(FRAME_HEADERS).type('text/html; charset=utf-8').send(html)
  })
  for (const page of PAGES) {
    server.get(page.path, { config: { page: true } }, async (request, reply) => {
      const { headers, params, url } = request
      if (!acceptsHtml(headers.accept)) throw notAcceptable()
      const found = { page, params: params as Record<string, string> }
      const asked = {
        query: queryOf(url),
        authorization: readsAs(headers, page),
        client: clientOf(request),
        origin: originBehind(request, trusted),
      }
      return sendPage(reply, await maker.make(found, asked))
    })
  }
  server.get('/bots', { config: { page: true } }, async ({ url }, reply) => reply.redirect(url.replace('/bots', '/fleet'), 308))
  serveNotFound(server, show)
  const sendWithoutKey: SendOf = (request) => reader.sendAs(undefined, clientOf(request))
  addMailLinkForms(server, sendWithoutKey)
  // A form writes, so it is sent with the key of its sender and never with the console's own key.
  addPrepareForm(server, show, (request) => reader.sendAs(bearerOf(request.headers), clientOf(request)))
  addPasteForm(server, show, sendWithoutKey)
  addLogExport(server, (headers) => reader.as(readsAs(headers)))
  addOfflineBundles(server, (headers) => reader.exactAs(readsAs(headers)))
  if (walkthrough !== undefined) addWalkthrough(server, walkthrough, environment)
  addLiveUpdates(server, { clock, pages: PAGES, make: (found, asked) => maker.make(found, asked), authorizationOf: readsAs, clientOf })
}

function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(url.split('?')[1] ?? '')
}

/** Returns the program's key in a request. A signed request is valid for one path only, so its authorization is not passed on. */
function bearerOf({ authorization }: Headers): string | undefined {
  return authorization !== undefined && /^Bearer /i.test(authorization) ? authorization : undefined
}

/** Serves a 404 page to browsers at unknown addresses. API paths, and programs that accept any type, get the server's usual 404. */
function serveNotFound(server: FastifyInstance, show: ShowAnswer): void {
  server.get('/*', { config: { page: true, ...SERVES_NO_PATH } }, async (request, reply) => {
    const { headers, url } = request
    const isOfApi = /^\/(?:v1|ofrep)(?:[/?]|$)/.test(url)
    if (isOfApi || !/\btext\/html\b/i.test(headers.accept ?? '')) return reply.callNotFound()
    return show(request, reply, NOT_FOUND)
  })
}

function notAcceptable(): HmsError {
  const detail = 'This is a page for people, as text/html. Programs read /v1/… as JSON; /openapi.json lists the paths.'
  return new HmsError('HMS_HTTP_NOT_ACCEPTABLE', detail, { status: 406, next: ['hms-svc runs list --json'] })
}

function strangeHost(): HmsError {
  const detail = 'The Host of this request is no name of this console, so it reads nothing. HMS_CONSOLE_HOSTS of the edge lists its names.'
  return new HmsError('HMS_HTTP_FOREIGN', detail, { status: 403, next: ['hms-svc help environment'] })
}

const EXPIRES_AFTER_MS = 180 * 24 * 60 * 60 * 1_000

/** Serves `security.txt` (RFC 9116), which expires half a year after each request. */
function serveSecurityText(server: FastifyInstance, clock: Pick<Clock, 'now'>, contacts?: readonly string[]): void {
  server.get('/.well-known/security.txt', { config: { page: true } }, async ({ hostname }, reply) => {
    const host = /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/i.test(hostname) ? hostname : 'localhost'
    const lines = (contacts ?? [`mailto:security@${host}`]).map((contact) => `Contact: ${contact}`)
    const expires = new Date(clock.now().getTime() + EXPIRES_AFTER_MS).toISOString()
    return reply.type('text/plain; charset=utf-8').send(`${[...lines, `Expires: ${expires}`, 'Preferred-Languages: en'].join('\n')}\n`)
  })
}

/** Serves an asset. An address with the hash of the asset's text may be cached for good. */
function serveAsset(server: FastifyInstance, { path, type, hash, body }: Asset): void {
  server.get(path, { config: { page: true } }, async ({ url }, reply) => {
    const kept = queryOf(url).get('v') === hash ? 'public, max-age=31536000, immutable' : 'no-cache'
    return reply.type(type).header('cache-control', kept).header('x-content-type-options', 'nosniff').send(body)
  })
}
