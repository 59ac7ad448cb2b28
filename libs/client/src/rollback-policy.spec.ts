import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiClient } from './api/api-client.js'
import { revisionOf } from './rollback-policy.js'

const VIEW = { revision: 7, provenance: { digest: 'sha256:x' } }

describe('the revision of a rollback that no config-store has reported', () => {
  let server: Server
  let api: ApiClient
  /** Status of each response; the last one repeats. */
  let statuses: number[]
  beforeEach(async () => {
    server = createServer((_request, response) => {
      const status = statuses.length > 1 ? statuses.shift()! : statuses[0]!
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(VIEW))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    api = new ApiClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    return () => {
      server.closeAllConnections()
      server.close()
    }
  })
  afterEach(() => void (statuses = []))

  it('is polled although a request fails that may be retried', async () => {
    statuses = [503, 503, 200]
    expect(await revisionOf(api, 'pm25', 'sha256:x', 5_000)).toBe(7)
  })

  it('is HMS_ROLLBACK_UNCONFIRMED when the time is over', async () => {
    statuses = [503]
    await expect(revisionOf(api, 'pm25', 'sha256:x', 50)).rejects.toMatchObject({ code: 'HMS_ROLLBACK_UNCONFIRMED', status: 504 })
  })
})
