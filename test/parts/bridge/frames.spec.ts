import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleDocument } from '../../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER } from '../../../libs/client/src/testing/sample-trust.js'
import { StreamServer, type Visitor } from '../../../libs/client/src/testing/stream-server.js'
import { ROOT } from '../../architecture/root.js'
import { openBrowser } from '../console/browser.js'

const AIR = 'epa-pm25-limit'
const old = sampleDocument({ policy: { id: AIR, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: AIR, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const stricter = sampleDocument({ policy: { id: AIR, version: '3.0.0', limit: 20 }, seq: 3, revision: 6 })

/** Every origin has a policy that names the others: a browser requests nothing elsewhere. */
function page(policy: string, script: string, body = ''): { headers: Record<string, string>; html: string } {
  return {
    headers: { 'content-type': 'text/html', 'content-security-policy': `default-src 'self'; ${policy}` },
    html: `<!doctype html><html lang="en"><title>A page</title><script type="module" src="${script}"></script><main>${body}</main></html>`,
  }
}

/** The host of panes, and frames of two other origins, one of which it does not know. */
describe('panes in frames of other origins, in a browser', () => {
  let folder: string
  let stream: StreamServer
  let panes: Server
  let host: string
  let known: string
  let unknown: string
  let browser: Browser

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-frames-'))
    const bundler = (await import(/* @vite-ignore */ pathToFileURL(join(ROOT, 'apps/demo/bin/bundle-bridge.mjs')).href)) as {
      bundleBridge(options: { outdir: string; sources: boolean }): Promise<unknown>
    }
    await bundler.bundleBridge({ outdir: folder, sources: true })
    panes = createServer(serve(() => frameFiles())).listen(0, '127.0.0.1')
    await once(panes, 'listening')
    const { port } = panes.address() as AddressInfo
    // Two names of one machine are two origins to a browser.
    known = `http://127.0.0.1:${port}`
    unknown = `http://localhost:${port}`
    stream = new StreamServer()
    stream.answer = serve(() => hostFiles())
    host = await stream.start()
    browser = await openBrowser()
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    panes?.close()
    await stream?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  type Files = Record<string, { headers: Record<string, string>; html: string }>

  const script = (html: string) => ({ headers: { 'content-type': 'text/javascript' }, html })
  const hostFiles = (): Files => ({
    '/': page(
      `frame-src ${known} ${unknown}`,
      '/host.js',
      `<iframe id="known" title="A" src="${known}/"></iframe><iframe id="unknown" title="B" src="${unknown}/"></iframe>`,
    ),
    '/host.js': script(`
      import { openBridge } from '/bridge.js'
      const bridge = await openBridge({ url: location.origin, roster: ${JSON.stringify(SAMPLE_ROSTER)} })
      window.bridge = bridge
      window.errors = []
      bridge.on('bridge:error', ({ code }) => window.errors.push(code))
      bridge.frame(document.querySelector('#known'), { origin: '${known}', policies: ['${AIR}'] })
      // The frame is of another origin than the one given to the host.
      bridge.frame(document.querySelector('#unknown'), { origin: '${known}', policies: ['${AIR}'] })
      document.title = 'open'`),
  })
  const frameFiles = (): Files => ({
    '/': page(`frame-ancestors ${host}`, '/frame.js'),
    '/frame.js': script(`
      import { joinBridge } from '/pane.js'
      window.heard = []
      addEventListener('message', ({ data }) => window.heard.push(data.type))
      const pane = await joinBridge({ host: '${host}', policies: ['${AIR}'] })
      window.pane = pane
      window.limits = [pane.get('${AIR}').limit]
      pane.on('policy:changed', ({ value }) => window.limits.push(value.limit))`),
  })

  function serve(files: () => Files): RequestListener {
    return (request, response) => {
      const path = request.url ?? '/'
      if (path === '/bridge.js' || path === '/pane.js')
        return void readFile(join(folder, path)).then((text) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(text))
      const found = files()[path]
      if (found === undefined) response.writeHead(path.startsWith('/v1/roster') ? 200 : 404).end('[]')
      else response.writeHead(200, found.headers).end(found.html)
    }
  }

  async function opened(): Promise<{ page: Page; visitor: Visitor; frame: Frame; stranger: Frame }> {
    const page = await browser.newPage()
    const visiting = stream.visitor()
    await page.goto(host)
    const visitor = await visiting
    visitor.send('snapshot', 4, [old])
    await page.waitForFunction(() => document.title === 'open')
    const frame = page.frames().find((each) => each.url().startsWith(known))!
    const stranger = page.frames().find((each) => each.url().startsWith(unknown))!
    await frame.waitForFunction(() => 'limits' in window)
    return { page, visitor, frame, stranger }
  }

  const limitsOf = (frame: Frame) => frame.evaluate(() => (window as unknown as { limits: number[] }).limits)

  it('reach the frame that the host knows by its origin, and no other', async () => {
    const { page, visitor, frame, stranger } = await opened()
    expect(await limitsOf(frame)).toEqual([35])
    visitor.send('change', 5, [strict])
    await frame.waitForFunction(() => (window as unknown as { limits: number[] }).limits.includes(25))
    expect(await stranger.evaluate(() => (window as unknown as { heard: unknown[]; pane?: unknown }).heard)).toEqual([])
    await page.close()
  })

  it('keep the last value over a drop and a document that does not verify, and continue from there', async () => {
    const { page, visitor, frame } = await opened()
    const damaged = { ...strict, head: { ...strict.head, signatures: stricter.head.signatures } }
    visitor.send('change', 5, [damaged])
    await page.waitForFunction(() => (window as unknown as { errors: string[] }).errors.includes('HMS_HEAD_SIGNATURE'))
    await frame.waitForFunction(() => (window as unknown as { pane: { state: string } }).pane.state === 'STALE')
    const next = stream.visitor()
    visitor.drop()
    const back = await next
    // Past what was refused there is no going on: it begins with a snapshot.
    expect(back.query.has('revision')).toBe(false)
    back.send('snapshot', 6, [stricter])
    await frame.waitForFunction(() => (window as unknown as { pane: { state: string } }).pane.state === 'READY')
    expect(await limitsOf(frame)).toEqual([35, 20])
    await page.close()
  })
})
