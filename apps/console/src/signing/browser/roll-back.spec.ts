import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { rollBackNow } from './roll-back.js'

const key = { keyid: 'SHA256:a', sign: async () => new Uint8Array(64) }
const audience = `sha256:${'a'.repeat(64)}`
const act = { kind: 'rollback', path: '/v1/rollbacks', body: {}, people: {}, mayNot: {}, audience } as const
const move = (id: string) => ({ id, from: '2.0.0', version: '1.5.0' })

let asked: string[]
beforeEach(() => {
  asked = []
  vi.stubGlobal('document', { querySelector: () => ({}) })
})
afterEach(() => vi.unstubAllGlobals())

/** Last text of the page after a rollback of `pm25` and `ozone` that rollout answers with this revision. */
async function outcome(revision: number): Promise<string> {
  vi.stubGlobal('fetch', async (path: string) => {
    if (path === '/v1/rollbacks') return Response.json({ ...move('pm25'), revision, moved: [move('pm25'), move('ozone')] })
    const query = new URLSearchParams(path.split('?')[1])
    asked.push(`${query.get('policy')} ${query.get('revision')}`)
    return Response.json(query.get('policy') === 'pm25' ? { current: 300, total: 300 } : { current: 9, total: 12 })
  })
  const said: string[] = []
  const element = { focus: () => {} } as unknown as HTMLElement
  await rollBackNow({ act, key, name: 'EPA Chief', say: (text) => void said.push(text), outcome: element })
  return said.at(-1)!.replace(/\d+\.\d s/, 'N s')
}

describe('a rollback in the page', () => {
  it('reports for each policy how many bots acknowledged it', async () => {
    expect(await outcome(41)).toBe(
      'pm25 2.0.0 → 1.5.0 in N s, 300 of 300 bots acknowledged; ' +
        'ozone → 1.5.0 with it, 9 of 12 bots acknowledged; the others follow when they answer.',
    )
    expect(asked).toEqual(['pm25 41', 'ozone 41'])
  })

  it('reports no acknowledgement of a head that no config-store has yet', async () => {
    const text = await outcome(0)
    expect(text).toContain('which bots have it could not be asked: the rollback stands')
    expect(text).not.toContain('acknowledged')
    expect(asked).toEqual([])
  })
})
