import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

interface Described {
  paths: Record<string, { get?: { responses: Record<string, unknown>; parameters?: { required?: boolean }[] } }>
}

let system: MemorySystem
beforeAll(async () => {
  system = await startMemorySystem()
})
afterAll(() => system.stop())

describe('every read with a documented 304', () => {
  it('has an ETag, and is not sent again to a client that sends it', async () => {
    const { paths } = (await (await fetch(`${system.url}/openapi.json`)).json()) as Described
    const reads = Object.entries(paths).flatMap(([path, { get }]) =>
      get !== undefined && '304' in get.responses && !/[{*]/.test(path) && !get.parameters?.some(({ required }) => required) ? [path] : [],
    )
    const seen: [string, number, number][] = []
    for (const path of reads) {
      const first = await fetch(system.url + path)
      await first.text()
      // What this system cannot answer says so.
      if (first.status === 404 || first.status === 409) continue
      const again = await fetch(system.url + path, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } })
      expect(await again.text(), path).toBe('')
      seen.push([path, first.status, again.status])
    }
    expect(seen).toEqual(seen.map(([path]) => [path, 200, 304]))
    expect(seen.length).toBeGreaterThan(15)
  })
})
