import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sourcesOf } from './root.js'

const sources = [...sourcesOf('apps', /\.tsx?$/), ...sourcesOf('libs', /\.tsx?$/)].filter(
  ({ path }) => !/\.(spec|suite|fixture)\.ts$|\/testing\//.test(path),
)

/** `apps/audit/src/log` of a file in it or below; `undefined` for files that lie in `src` itself, such as modules and barrels. */
function featureOf(path: string): string | undefined {
  return /^(apps|libs)\/[^/]+\/src\/[^/]+(?=\/)/.exec(path)?.[0]
}

/** One line for each import from one feature folder into another of the same app or lib. */
function crossings(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { path, text } of sources) {
    const from = featureOf(path)
    for (const [, target] of text.matchAll(/from '(\.\.?\/[^']+)'/g)) {
      const to = featureOf(posix.join(posix.dirname(path), target!))
      if (from === undefined || to === undefined || from === to) continue
      const pair = `${from} → ${to}`
      found.set(pair, [...(found.get(pair) ?? []), `${path} imports ${target}`])
    }
  }
  return found
}

describe('feature folders', () => {
  const found = crossings()

  it('are found, and what they import of each other', () => {
    expect(found.size).toBeGreaterThan(20)
  })

  it('import each other in no circle, however long', () => {
    const pairs = [...found.keys()].map((pair) => pair.split(' → ') as [string, string])
    const reached = (from: string, seen = new Set<string>()): Set<string> => {
      for (const [, to] of pairs.filter(([origin]) => origin === from)) if (!seen.has(to)) reached(to, seen.add(to))
      return seen
    }
    const inCircles = pairs.filter(([from, to]) => reached(to).has(from))
    expect(inCircles.flatMap(([from, to]) => found.get(`${from} → ${to}`)!)).toEqual([])
  })
})
