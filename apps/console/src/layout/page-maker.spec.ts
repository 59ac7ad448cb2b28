import type { PolicyView } from '#libs/contracts'
import { VirtualClock } from '#libs/platform/testing'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PAGES } from '../pages.js'
import { valueOf } from '../reading/answer.js'
import { ApiReader } from '../reading/api-reader.js'
import type { Page } from './page.js'
import { PageMaker } from './page-maker.js'

const ID = 'epa-pm25-limit'
const REIGNS = ['1.0.0', '2.0.0'].map((version) => ({ version, from: '2026-03-01T00:00:00Z', approvedBy: ['EPA Chief'] }))

let server: Server
let live: string
let maker: PageMaker
beforeEach(async () => {
  live = '1.0.0'
  server = createServer(({ url = '' }, response) => {
    const answers: Record<string, object> = {
      [`/v1/policies/${ID}`]: { id: ID, version: live, value: {} },
      [`/v1/policies/${ID}/history?limit=50`]: REIGNS.filter(({ version }) => version <= live),
    }
    response.writeHead(url in answers ? 200 : 404).end(JSON.stringify(answers[url] ?? {}))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clock = new VirtualClock('2026-03-01T00:00:01Z')
  const assets = { style: '', script: '', icon: '', panes: '', paneFrame: '', sign: '', check: '' }
  maker = new PageMaker(new ApiReader({ urlsOf: () => [url], clock, deadlineMs: 30_000 }), assets, clock)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const show = async (page: Page): Promise<string> => {
  const asked = { query: new URLSearchParams(), authorization: undefined, client: '127.0.0.1' }
  return (await maker.make({ page, params: { id: ID } }, asked)).html
}
/** A page that is followed, and shows what is in force. */
const followed: Page = {
  path: '/',
  content: async ({ read }) => {
    const policy = valueOf(await read<PolicyView>(`/v1/policies/${ID}`))
    return { title: '', heading: '', section: 'Overview', summary: `In force: ${policy?.version}.`, body: '' }
  },
}

it('shows nothing older than the request where a person is about to sign', async () => {
  await show(followed)
  live = '2.0.0'
  expect(await show(followed)).toContain('In force: 1.0.0.')
  const page = await show(PAGES.find(({ path }) => path === '/policies/:id/rollback')!)
  expect(page).toContain('In force: 2.0.0.')
  expect(page).toContain('id="to-1.0.0"')
  expect(page).not.toContain('id="to-2.0.0"')
})

it('sends one request for two parts of such a page, so that they cannot differ', async () => {
  const seen: unknown[] = []
  const twice: Page = {
    path: '/',
    still: true,
    content: async ({ read }) => {
      for (const now of ['1.0.0', '2.0.0']) {
        live = now
        seen.push(valueOf(await read<PolicyView>(`/v1/policies/${ID}`))?.version)
      }
      return { title: '', heading: '', section: 'Overview', summary: '', body: '' }
    },
  }
  await show(twice)
  expect(seen).toEqual(['1.0.0', '1.0.0'])
})
