import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, sourcesOf } from './root.js'

interface Guard {
  name: string
  without: string | [text: string, replacement: string]
  spec: string
  test: string
}

const { GUARDS } = (await import(new URL('../mutations/guards.mjs', import.meta.url).href)) as { GUARDS: readonly Guard[] }

const { markedFiles, removeMarked } = (await import(new URL('../mutations/marked.mjs', import.meta.url).href)) as {
  markedFiles: (root: string) => Map<string, string[]>
  removeMarked: (file: string, source: string, guard: Guard) => string
}
const MARKED = markedFiles(ROOT)

/** What is quoted in a source, a title or a part of one. */
const quotedIn = (text: string): string[] => [...text.matchAll(/(['"`])((?:(?!\1).)+)\1/g)].map(([, , words]) => words!)
const SUITES = ['apps', 'libs', 'test'].flatMap((folder) => sourcesOf(folder, /\.suite\.ts$/)).flatMap(({ text }) => quotedIn(text))
/** `%s`, `$name` and `${name}` stand for what a table says. */
const HOLE = /%[sdjio]|\$[a-zA-Z.]+|\$\{[^}]+\}/

function isTitle(text: string, test: string): boolean {
  const parts = text.split(HOLE)
  if (parts.length === 1) return text === test
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')
  return parts.join('').length > 5 && new RegExp(`^${pattern}$`).test(test)
}

/** Whether their tests turn red is for the deep tests; that they can still be removed is seen here. */
describe('guards that are removed one at a time', () => {
  it('have names of their own', () => {
    expect(new Set(GUARDS.map(({ name }) => name)).size).toBe(GUARDS.length)
  })

  it('are those that the code marks', () => {
    expect([...MARKED.keys()].sort()).toEqual(GUARDS.map(({ name }) => name).sort())
  })

  it.each(GUARDS.map((guard) => [guard.name, guard] as const))('%s is marked in one file, and can be removed from it', (name, guard) => {
    const [file, ...others] = MARKED.get(name)!
    const source = readFileSync(join(ROOT, file!), 'utf8')
    expect(others).toEqual([])
    expect(removeMarked(file!, source, guard)).not.toBe(source)
  })

  it.each(GUARDS.map((guard) => [guard.name, guard] as const))('%s names its test by the whole title', (_name, { spec, test }) => {
    expect([...quotedIn(readFileSync(join(ROOT, spec), 'utf8')), ...SUITES].some((text) => isTitle(text, test))).toBe(true)
  })
})
