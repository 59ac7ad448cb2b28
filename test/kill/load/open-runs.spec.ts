import { afterEach, describe, expect, it } from 'vitest'
import type { Observer } from '../observer.js'
import { OpenRuns } from './open-runs.js'

describe('open runs', () => {
  let open = [7]
  const rows = async (): Promise<{ id: string }[]> => open.map((id) => ({ id: String(id) }))
  const runs = new OpenRuns({ rows } as unknown as Observer)
  afterEach(() => runs.stop())

  it('tell everyone who waits for the same run: two policies of a bundle may each have one', async () => {
    const both = [runs.ended(7), runs.ended(7)]
    open = []
    expect(await Promise.all(both)).toHaveLength(2)
  })
})
