import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Prometheus } from '../../apps/canary-controller/src/metrics/prometheus.js'
import { TestPrometheus } from '../support/kubernetes/prometheus.js'
import { describeWith } from '../support/kubernetes/tools.config.js'
import { freePort, until } from '../support/processes.js'

describeWith(['prometheus'], 'the metrics of a canary, asked of a real Prometheus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hms-metrics-'))
  let errorRatio = 0.01
  let watched: Server
  let server: TestPrometheus
  let prometheus: Prometheus

  beforeAll(async () => {
    watched = createServer((_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(`error_ratio{bot="a"} ${errorRatio}\nerror_ratio{bot="b"} 0\nbroken_ratio NaN\n`)
    })
    await new Promise<void>((resolve) => watched.listen(0, '127.0.0.1', resolve))
    const rules = join(folder, 'rules.yml')
    writeFileSync(rules, 'groups: []\n')
    const target = `127.0.0.1:${(watched.address() as AddressInfo).port}`
    server = await TestPrometheus.start(join(folder, 'prometheus'), await freePort(), rules, [target])
    prometheus = new Prometheus(server.url)
    await until('the first scrape', async () => (await server.values('error_ratio')).length === 2)
  })

  afterAll(async () => {
    await server.stop()
    watched.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const ask = async (query: string) => (await prometheus.ask([{ name: 'gate', query }]))[0]

  it('hold or fail by what is scraped', async () => {
    expect(await ask('error_ratio < bool 0.05')).toEqual({ name: 'gate', holds: true })
    expect(await ask('scalar(sum(error_ratio)) < bool 0.05')).toEqual({ name: 'gate', holds: true })
    expect(await ask('error_ratio > bool 0.005')).toEqual({ name: 'gate', holds: false })
    errorRatio = 0.2
    await until('the next scrape', async () => (await server.values('error_ratio > 0.1')).length === 1)
    expect(await ask('error_ratio < bool 0.05')).toEqual({ name: 'gate', holds: false })
  })

  it.each([
    ['an unknown series', 'nobody_knows < bool 1', /^no data/],
    ['a filter, whose result is a value', 'error_ratio < 5', /neither 1 nor 0/],
    ['a filter that finds nothing', 'error_ratio > 5', /^no data/],
    ['a range', 'error_ratio[1m]', /no vector and no scalar/],
    ['a broken query', 'error_ratio < bool', /^it answers 400: .*parse error/],
  ])('have no result for %s', async (_name, query, problem) => {
    expect(await ask(query)).toEqual({ name: 'gate', problem: expect.stringMatching(problem) as string })
  })

  it('fail for a value that is no number: NaN is below nothing', async () => {
    expect(await ask('broken_ratio < bool 0.05')).toEqual({ name: 'gate', holds: false })
  })
})
