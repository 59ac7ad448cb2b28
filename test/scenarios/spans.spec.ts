import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { prepareApproval, signApproval } from '#libs/client'
import { registerSpanExporter, type Span } from '#libs/platform'
import { parsePolicy } from '#libs/policy'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const DOOR = '00f067aa0ba902b7'
const PLAN = { share: 10_000, scope: 'region:NCR', observeMs: 0, bakeMs: 0 }

let system: MemorySystem
let spans: Span[]
let stopTaking: () => void
beforeEach(async () => {
  spans = []
  stopTaking = registerSpanExporter((span) => spans.push(span))
  system = await startMemorySystem()
})
afterEach(async () => {
  stopTaking()
  await system.stop()
})

it('from the request to the acknowledgement of a bot are one trace', async () => {
  const press = new PipelineDriver(system)
  const bot = await RawBot.connect(system.url, 'inspector-7', 'NCR')
  const parsed = parsePolicy('id: pm25-limit\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 35\n', 'p.yaml')
  if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
  const prepared = await prepareApproval(press.api, [parsed.source.policy], PLAN)
  const signatures = await signApproval(prepared, system.signers.get('EPA Chief')!)
  const response = await fetch(`${system.url}/v1/approvals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${DOOR}-01` },
    body: JSON.stringify({ digest: prepared.digest, signatures }),
  })
  const { run } = (await response.json()) as { run: number }
  await system.runUntil(async () => {
    bot.acknowledge('pm25-limit', system.clock.now().getTime())
    return (await press.show(run)).state === 'SUCCEEDED'
  }, 400_000)
  bot.close()

  const mine = spans.filter(({ traceId }) => traceId === TRACE)
  const names = [...new Set(mine.map(({ name }) => name))]
  for (const name of [
    'POST /v1/approvals',
    'publish hms.approval.v1',
    'process hms.approval.v1',
    'process hms.lint.v1',
    'process hms.rollout.v1',
    'push and acknowledge',
  ])
    expect(names).toContain(name)
  expect(names).not.toContain('background work')
  expect(mine.find(({ name }) => name === 'POST /v1/approvals')).toMatchObject({ parentSpanId: DOOR, failed: false })
  expect(mine.every(({ parentSpanId }) => parentSpanId !== undefined)).toBe(true)
  // A client's span ends after that of the server that it called. Another test may send heads to a port that it had before; this system
  // sends none.
  await vi.waitFor(() => {
    const known = new Set([DOOR, undefined, ...spans.map(({ spanId }) => spanId)])
    const orphans = spans.filter(({ parentSpanId, name }) => !known.has(parentSpanId) && name !== 'POST /v1/heads')
    expect(orphans.map(({ name }) => name)).toEqual([])
  }, 5_000)
  const taken = mine.find(
    ({ name, attributes }) => name === 'process hms.lint.v1' && attributes?.['messaging.consumer.group.name'] === 'simulator',
  )
  expect(taken).toMatchObject({
    kind: 'consumer',
    attributes: { 'cloudevents.event_type': 'hms.lint.passed.v1', 'messaging.operation.type': 'process' },
  })
  expect(new Set(mine.map(({ spanId }) => spanId)).size).toBe(mine.length)
  const door = mine.find(({ name }) => name === 'POST /v1/approvals')!
  expect(mine.some(({ parentSpanId, name }) => parentSpanId === door.spanId && name.startsWith('process '))).toBe(true)
})
