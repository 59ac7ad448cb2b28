import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutgoingEvent, StreamFrame } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { prepareApproval, signApproval } from '#libs/client'
import { parsePolicy } from '#libs/policy'
import { WebSocket } from 'ws'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const OTHER = '0af7651916cd43dd8448eb211c80319c'
const traceparent = (trace: string): string => `00-${trace}-00f067aa0ba902b7-01`
const TRACE_STATE = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'
const PLAN = { share: 10_000, scope: 'region:NCR', observeMs: 30_000, bakeMs: 30_000 }
/** Facts of the whole system, which belong to no run. */
const NO_RUN = ['hms.config.state.v1 ~freshness', 'hms.config.coverage.v1']

class HeardBus extends MemoryBus {
  readonly heard: OutgoingEvent[] = []

  override async publish(events: readonly OutgoingEvent[]): ReturnType<MemoryBus['publish']> {
    this.heard.push(...events)
    return super.publish(events)
  }

  traceOf(type: string): string[] {
    return [...new Set(this.heard.filter((event) => event.type === type).map((event) => event.traceparent!.slice(3, 35)))]
  }
}

describe('a trace', () => {
  let bus: HeardBus
  let system: MemorySystem
  let press: PipelineDriver

  beforeEach(async () => {
    bus = new HeardBus()
    system = await startMemorySystem({}, bus)
    press = new PipelineDriver(system)
  })

  afterEach(() => system.stop())

  /** Approves as a program would that has a trace of its own. */
  async function approveIn(trace: string, version: string, limit: number, queue = false): Promise<number> {
    const parsed = parsePolicy(`id: pm25-limit\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\n`, 'p.yaml')
    if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
    const prepared = await prepareApproval(press.api, [parsed.source.policy], PLAN, { queue })
    const signatures = await signApproval(prepared, system.signers.get('EPA Chief')!)
    const response = await fetch(`${system.url}/v1/approvals`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: traceparent(trace), tracestate: TRACE_STATE },
      body: JSON.stringify({ digest: prepared.digest, signatures }),
    })
    const answer = (await response.json()) as { run: number; detail?: string }
    expect([response.status, answer.detail]).toEqual([response.status, undefined])
    return answer.run
  }

  async function ended(run: number): Promise<void> {
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 400_000)
  }

  it('goes from the request of an approval through every stage, wait and head to the messages to bots and partners', async () => {
    const frames: StreamFrame[] = []
    const socket = new WebSocket(`${system.url.replace('http', 'ws')}/v1/stream`)
    socket.on('message', (data) => frames.push(JSON.parse(String(data)) as StreamFrame))
    await new Promise((resolve) => socket.once('message', resolve))
    const run = await approveIn(TRACE, '1.0.0', 35)
    await ended(run)
    const ofRun = bus.heard.filter(
      ({ runId, topic, key }) => runId === String(run) && !NO_RUN.some((none) => `${topic} ${key}`.startsWith(none)),
    )
    const strays = ofRun.filter((event) => event.traceparent?.slice(3, 35) !== TRACE).map(({ type }) => type)
    // Preparing it was another request.
    expect(strays.filter((type) => type !== 'hms.run.changed.v1')).toEqual([])
    const traced = ofRun.filter((event) => event.traceparent?.slice(3, 35) === TRACE)
    expect([...new Set(traced.map(({ headers }) => headers?.['tracestate']))]).toEqual([TRACE_STATE])
    for (const type of [
      'hms.approval.approved.v1',
      'hms.simulation.passed.v1',
      'hms.canary.passed.v1',
      'hms.head.issued.v1',
      'hms.head.published.v1',
      'hms.rollout.completed.v1',
      'hms.notification.completed.v1',
    ]) {
      expect([type, bus.traceOf(type)]).toEqual([type, [TRACE]])
    }
    const changes = frames.filter(({ type }) => type === 'change')
    expect([changes.length > 0, [...new Set(changes.map((frame) => frame.traceparent?.slice(3, 35)))]]).toEqual([true, [TRACE]])
    socket.close()
  })

  it('of a run that waited in the queue is its own, not that of the run before it', async () => {
    const first = await approveIn(TRACE, '1.0.0', 35)
    const second = await approveIn(OTHER, '2.0.0', 25, true)
    await ended(first)
    await system.runUntil(async () => (await press.show(second)).state !== 'QUEUED', 400_000)
    const approved = bus.heard.filter(({ type, runId }) => type === 'hms.approval.approved.v1' && runId === String(second))
    expect(approved.map((event) => event.traceparent!.slice(3, 35))).toEqual([OTHER])
  })

  it('is on every event, whatever caused it', async () => {
    await ended(await approveIn(TRACE, '1.0.0', 35))
    expect(
      bus.heard.filter((event) => !/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(event.traceparent ?? '')).map(({ type }) => type),
    ).toEqual([])
  })

  it.each(['GET', 'POST'])('is the one that a problem names, of a %s', async (method) => {
    const answer = await fetch(`${system.url}/v1/nothing`, { method, headers: { traceparent: traceparent(TRACE) } })
    expect(await answer.json()).toMatchObject({ traceId: TRACE })
  })

  it('is a new one where what came is malformed', async () => {
    const answer = await fetch(`${system.url}/v1/nothing`, { headers: { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` } })
    const { traceId } = (await answer.json()) as { traceId: string }
    expect([/^[0-9a-f]{32}$/.test(traceId), traceId === TRACE]).toEqual([true, false])
  })
})
