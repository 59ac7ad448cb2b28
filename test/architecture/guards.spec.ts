import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './root.js'

interface Guard {
  name: string
  file: string
  find: string
  all?: boolean
  spec: string
  test: string
}

const { GUARDS } = (await import(new URL('../mutations/guards.mjs', import.meta.url).href)) as { GUARDS: readonly Guard[] }

const { placesOf } = (await import(new URL('../mutations/places.mjs', import.meta.url).href)) as {
  placesOf: (source: string, find: string) => [number, number][]
}

/** Whether their tests turn red is for the deep tests; that they can still be removed is seen here. */
describe('guards that are removed one at a time', () => {
  it('have names of their own', () => {
    expect(new Set(GUARDS.map(({ name }) => name)).size).toBe(GUARDS.length)
  })

  it.each(GUARDS.map((guard) => [guard.name, guard] as const))('%s stands where it is looked for', (_name, { file, find, all }) => {
    const places = placesOf(readFileSync(join(ROOT, file), 'utf8'), find).length
    expect(all === true ? Math.min(places, 1) : places).toBe(1)
  })
})
