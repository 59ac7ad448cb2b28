import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { ApiClient } from '../api/api-client.js'
import { openPageRosters } from '../bridge/page-rosters.js'
import { SAMPLE_ROSTER, sampleRoster } from '../testing/sample-trust.js'
import { httpRosters, PinnedRosters } from './pinned-rosters.js'

const NEWEST = 203
/** Number of rosters per response of approver. */
const PAGE = 100

it('follows more rosters than one response has, over HTTP and in a page', async () => {
  const versions = Array.from({ length: NEWEST }, (_, index) => index + 1)
  const steps = await Promise.all(versions.map(async (version) => ({ version, envelope: await sampleRoster(version) })))
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url!)
    const since = Number(new URL(request.url!, 'http://server').searchParams.get('since') ?? -1)
    const found = steps.filter(({ version }) => version > since).slice(0, PAGE)
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(found))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const source = httpRosters(new ApiClient({ url }))
  const rosters = PinnedRosters.of('pinned', [SAMPLE_ROSTER], source)
  await rosters.follow()
  const ofPage = await openPageRosters(fetch as never, url, SAMPLE_ROSTER, undefined)
  await ofPage.follow()
  expect([rosters.newest.version, ofPage.newest.version, (await source.all!()).length]).toEqual([NEWEST, NEWEST, NEWEST])
  expect(requests.length).toBe(9)
  server.closeAllConnections()
  server.close()
}, 30_000)
