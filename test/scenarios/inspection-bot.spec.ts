import { describe, expect, it } from 'vitest'
import type { HmsConnection } from '#libs/client'
import { fakeClient } from '../../libs/client/src/testing/fake-client.js'

interface Reading {
  id: string
  pm25: number
}
interface BotModule {
  run(hms: HmsConnection, readings: AsyncIterable<Reading>, print: (line: string) => void): Promise<void>
}

const { run } = (await import(/* @vite-ignore */ new URL('../../docs/examples/inspection-bot.mjs', import.meta.url).href)) as BotModule
const ID = 'epa-pm25-limit'

/** The bot of the examples over readings, between which the rule changes. */
async function lives(steps: readonly (Reading | (() => void))[], client = fakeClient()) {
  const printed: string[] = []
  async function* readings() {
    for (const step of steps) {
      if (typeof step === 'function') step()
      else yield step
    }
  }
  await run(client, readings(), (line) => printed.push(line))
  return { printed, alerts: client.alerts }
}

describe('the inspection bot of the examples', () => {
  it('lives through 35 → 25 → 35: it reports by the rule of the moment', async () => {
    const client = fakeClient({ policies: [{ id: ID, version: '1.5.0', limit: 35 }] })
    const { printed, alerts } = await lives(
      [
        { id: 'a', pm25: 30 },
        () => client.set({ id: ID, version: '2.0.0', limit: 25 }),
        { id: 'b', pm25: 30 },
        { id: 'c', pm25: 20 },
        () => client.set({ id: ID, version: '1.5.0', limit: 35 }),
        { id: 'd', pm25: 30 },
        { id: 'e', pm25: 40 },
      ],
      client,
    )
    expect(alerts).toEqual([
      expect.objectContaining({ kind: 'Violation', value: 30, policy: ID, version: '2.0.0', reading: { id: 'b', pm25: 30 } }),
      expect.objectContaining({ kind: 'Violation', value: 40, version: '1.5.0', id: `${ID}:1.5.0:e` }),
    ])
    expect(printed).toEqual([`${ID} 1.5.0 → 2.0.0`, 'alert b: 30 > 25 (2.0.0)', `${ID} 2.0.0 → 1.5.0`, 'alert e: 40 > 35 (1.5.0)'])
  })

  it('continues while values may be old, and after a reading that cannot be judged', async () => {
    const client = fakeClient({ policies: [{ id: ID, version: '1.5.0', limit: 35 }] })
    const { printed, alerts } = await lives(
      [
        () => client.setState('STALE'),
        { id: 'a', pm25: 40 },
        () => client.withdraw(ID),
        { id: 'b', pm25: 40 },
        () => client.set({ id: ID, version: '2.0.0', limit: 25 }),
        { id: 'c', pm25: 40 },
      ],
      client,
    )
    expect(alerts.map(({ reading }) => reading?.['id'])).toEqual(['a', 'c'])
    expect(printed).toContain('STALE: set by the test; the last rule stays')
    expect(printed.some((line) => line.startsWith('reading b: '))).toBe(true)
  })
})
