import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { openEnvelope } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

interface Entry {
  index: number
  type: string
  topic: string
  run: number | null
  event: string
  digest: string
  window?: { from: string; until: string; events: number }
}

class HeardBus extends MemoryBus {
  readonly heard: OutgoingEvent[] = []

  override async publish(events: readonly OutgoingEvent[]): ReturnType<MemoryBus['publish']> {
    this.heard.push(...events)
    return super.publish(events)
  }
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

describe('facts of high volume', () => {
  let bus: HeardBus
  let system: MemorySystem
  let press: PipelineDriver

  beforeEach(async () => {
    bus = new HeardBus()
    system = await startMemorySystem({}, bus)
    press = new PipelineDriver(system)
  })

  afterEach(() => system.stop())

  const entries = async (): Promise<Entry[]> =>
    (await press.api.get<Entry[]>('/v1/audit/entries?limit=1000')).filter(({ topic }) => topic === 'hms.bot.alert.v1')
  const alert = (id: string, bot: string): Promise<unknown> =>
    press.api.post('/v1/alerts', {
      id,
      bot,
      region: 'NCR',
      kind: 'Violation',
      value: 1,
      reading: { id: `r-${id}`, text: 'x'.repeat(10_000) },
    })
  const overMinutes = (minutes: number): Promise<void> => {
    const end = system.clock.now().getTime() + minutes * 60_000
    return system.runUntil(async () => system.clock.now().getTime() >= end, minutes * 60_000 + 20_000)
  }

  it('enter the log as one digest per run and minute, which can be recomputed from the listing and from the events', async () => {
    await press.whenState(await press.approve(['pm25-limit@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    for (let index = 0; index < 30; index++) await alert(`a${index}`, `bot-${index % 3}`)
    await system.settle()
    expect(await entries()).toEqual([])
    await overMinutes(3)
    const [entry, ...others] = await entries()
    expect(entry).toMatchObject({ type: 'hms.alert.reported.v1', run: 1 })
    const events = [entry!, ...others].reduce((sum, { window }) => sum + window!.events, 0)
    // The clock of the test may pass from one minute to the next.
    expect([events, others.length <= 1, JSON.stringify(entry).length < 700]).toEqual([30, true, true])
    const listing = await (await fetch(`${system.url}/v1/audit/windows/${entry!.event}`)).text()
    expect(`sha256:${sha256(listing)}`).toBe(entry!.digest)
    const told = bus.heard.filter(
      ({ type, time }) => type === 'hms.alert.reported.v1' && time >= entry!.window!.from && time < entry!.window!.until,
    )
    const lines = told.map(({ id, value }) => `${id} sha256:${sha256(openEnvelope(JSON.parse(value!) as never).payload)}\n`)
    expect(listing).toBe(lines.sort().join(''))
  })

  it('that come after their window make an entry of their own', async () => {
    await alert('a1', 'bot-1')
    await overMinutes(2)
    await alert('a2', 'bot-1')
    await overMinutes(2)
    expect((await entries()).map(({ run, window }) => [run, window!.events])).toEqual([
      [null, 1],
      [null, 1],
    ])
  })

  it('of an unknown entry are not found, and the response has the reason', async () => {
    const answer = await fetch(`${system.url}/v1/audit/windows/nothing`)
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'HMS_AUDIT_WINDOW_NOT_FOUND' }])
  })
})
