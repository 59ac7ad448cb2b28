import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

let service: CannedService | undefined
afterEach(() => service?.close())

const SINCE = '2026-01-01T00:00:00.000Z'
const VIEW = {
  policy: 'epa-pm25-limit',
  revision: 9,
  total: 3,
  current: 1,
  lagging: [
    { id: 'boston-insp-03', region: 'BOS', revision: 7, since: SINCE, digest: 'sha256:1', version: '1.5.0' },
    { id: 'boston-insp-04', region: '', revision: 0, since: SINCE, digest: null, version: null },
  ],
  regions: [
    { region: '', total: 1, current: 0 },
    { region: 'BOS', total: 2, current: 1 },
  ],
  versions: [
    { version: '2.0.0', digest: 'sha256:2', total: 1 },
    { version: '1.5.0', digest: 'sha256:1', total: 1 },
    { version: null, digest: null, total: 1 },
  ],
  seen: { stream: 2, events: 5, ofrep: 1 },
}
const ANSWERS = {
  'GET /v1/coverage?policy=epa-pm25-limit': { body: VIEW },
  'GET /v1/policies': { body: [{ id: 'epa-pm25-limit' }] },
}

describe('coverage', () => {
  it('counts bots by region and version, and names those that are silent or behind', async () => {
    service = await serveCanned(ANSWERS)
    const { code, stdout } = await runForTest(['coverage', 'epa-pm25-limit', '--url', service.url])
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'epa-pm25-limit  1 of 3 connected bots run what they should  (revision 9)',
      'REGION  BOTS  CURRENT',
      '–       1     0',
      'BOS     2     1',
      'VERSION  BOTS',
      '2.0.0    1',
      '1.5.0    1',
      'none     1',
      'SILENT OR BEHIND  REGION  RUNS   REVISION  SINCE',
      `boston-insp-03    BOS     1.5.0  7         ${SINCE}`,
      `boston-insp-04    –       –      none yet  ${SINCE}`,
      'Seen, and not asked: 2 streams without a name, 5 by Server-Sent Events, 1 by OFREP',
      '',
    ])
    expect(JSON.parse((await runForTest(['coverage', 'epa-pm25-limit', '--json', '--url', service.url])).stdout)).toEqual(VIEW)
  })

  it('summarizes all policies without an argument', async () => {
    service = await serveCanned(ANSWERS)
    const { stdout } = await runForTest(['coverage', '--url', service.url])
    expect(stdout.split('\n')).toEqual([
      'POLICY          REVISION  BOTS  CURRENT  SILENT OR BEHIND                SEEN',
      'epa-pm25-limit  9         3     1        boston-insp-03, boston-insp-04  8',
      '',
    ])
  })

  it('lists bots that left while behind, and a live release that readers refuse', async () => {
    const left = [{ ...VIEW.lagging[0]!, id: 'boston-insp-05', leftAt: '2026-01-02T00:00:00.000Z' }]
    const refused = { version: '2.0.0', detail: 'signed by one of two' }
    const body = { ...VIEW, total: 0, current: 0, lagging: [], regions: [], versions: [], left, refused }
    service = await serveCanned({ ...ANSWERS, 'GET /v1/coverage?policy=epa-pm25-limit': { body } })
    const { stdout } = await runForTest(['coverage', 'epa-pm25-limit', '--url', service.url])
    expect(stdout.split('\n').slice(0, -2)).toEqual([
      'epa-pm25-limit  no named bot is connected  (revision 9)',
      'Readers refuse 2.0.0 by the roster in force: signed by one of two',
      'Bots that hold it keep it and are STALE; new ones cannot read it.',
      '  next: hms-svc rollback epa-pm25-limit@2.0.0 --sign NAME',
      'LEFT WHILE BEHIND  REGION  RAN    REVISION  SINCE                     LEFT',
      `boston-insp-05     BOS     1.5.0  7         ${SINCE}  2026-01-02T00:00:00.000Z`,
    ])
    const list = (await runForTest(['coverage', '--url', service.url])).stdout
    expect(list).toMatch(/LEFT WHILE BEHIND +REFUSED BY READERS/)
    expect(list).toMatch(/boston-insp-05 +2\.0\.0/)
  })

  it('exits with 4 for an unknown policy, and with 2 for an empty name', async () => {
    service = await serveCanned({})
    expect((await runForTest(['coverage', 'ozone-limit', '--url', service.url])).code).toBe(4)
    expect((await runForTest(['coverage', '', '--url', service.url])).code).toBe(2)
  })
})
