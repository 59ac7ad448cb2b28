import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SERVICES, TOPICS } from '#libs/contracts'
import { ROOT } from '../architecture/root.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

let system: MemorySystem
let page: string
beforeAll(async () => {
  system = await startMemorySystem()
  page = await (await fetch(`${system.url}/metrics`)).text()
})
afterAll(() => system.stop())

/** Label sets of a counter that stand at 0. */
function zeros(name: string): string[] {
  return [...page.matchAll(new RegExp(`^hms_svc_${name}\\{(.*)\\} 0$`, 'gm'))].map(([, labels]) => labels!)
}
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const words = (text: string): string[] => [...text.matchAll(/`([a-z][a-z-]*)`/g)].map(([, word]) => word!)

/** `increase` of Prometheus counts nothing of a series that begins with its first event: the first one would raise no alarm. */
it('each kind of repair is exported before the first repair, and is on the pages', () => {
  const mended = zeros('repairs_total')
  for (const service of SERVICES)
    expect(mended).toEqual(expect.arrayContaining([`service="${service}",what="gap"`, `service="${service}",what="log"`]))
  expect(mended).toEqual(expect.arrayContaining(['service="approver",what="run-timer"', 'service="config-store",what="state"']))
  // Readers are replaced on Apache Kafka alone.
  const kinds = [...new Set(mended.map((labels) => /what="(.*)"/.exec(labels)![1]!)), 'reader'].toSorted()
  const row = /^\| `repairs_total` \|.*\|(.*)\|$/m.exec(read('docs/reference/metrics.md'))![1]!
  expect(words(row).toSorted()).toEqual(kinds)
  expect(words(read('docs/how-to/alerts/repaired.md'))).toEqual(expect.arrayContaining(kinds))
})

it('each signature rejection code is exported before the first rejection', () => {
  const codes = [
    'HMS_AUTH_INVALID',
    'HMS_AUTH_EXPIRED',
    'HMS_AUTH_AUDIENCE',
    'HMS_AUTH_REPLAYED',
    'HMS_HEAD_SIGNER',
    'HMS_APPROVER_SIGNER_UNKNOWN',
  ]
  expect(zeros('signature_rejections_total')).toEqual(expect.arrayContaining(codes.map((code) => `reason="${code}"`)))
})

it('each way to give a message up is there for each topic and reader, and each end of a run', () => {
  const given = zeros('bus_handled_total')
  for (const { name, consumers } of TOPICS.filter(({ stage }) => stage === true))
    for (const group of consumers)
      for (const outcome of ['forged', 'unreadable', 'dead-letter'])
        expect(given).toContain(`group="${group}",topic="${name}",outcome="${outcome}"`)
  expect(zeros('runs_total')).toEqual(expect.arrayContaining(['outcome="SUCCEEDED"', 'outcome="FAILED"', 'outcome="ROLLED_BACK"']))
})
