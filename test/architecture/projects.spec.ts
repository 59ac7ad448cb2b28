import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { patternsOf, projectOf, PROJECTS, type ProjectName } from '../projects.js'
import config from '../vitest.config.js'
import { ROOT, sourcesOf } from './root.js'

const SPECS = ['apps', 'libs', 'test'].flatMap((folder) => sourcesOf(folder, /\.spec\.ts$/)).map(({ path }) => path)
const NAMES = Object.keys(PROJECTS) as ProjectName[]
const { chooseParts, PARTS } = (await import(new URL('../bin/deep-parts.mjs', import.meta.url).href)) as {
  PARTS: readonly { name: string; specs?: readonly string[] }[]
  chooseParts: (names: string[]) => { parts?: { name: string }[]; refusal?: string }
}

describe('projects of specs', () => {
  it('are those in the configuration of vitest', () => {
    const told = (config.test?.projects ?? []) as { test: { name: string; include: string[]; exclude: string[] } }[]
    expect(told.map(({ test: { name, include, exclude } }) => ({ name, include, exclude }))).toEqual(
      expect.arrayContaining(NAMES.map((name) => ({ name, ...patternsOf(name) }))),
    )
    expect(told).toHaveLength(NAMES.length)
  })

  it('contain each spec once', () => {
    const foundBy = (path: string): ProjectName[] =>
      NAMES.filter((name) => {
        const { include, exclude } = patternsOf(name)
        return include.some((pattern) => matches(pattern, path)) && !exclude.some((pattern) => matches(pattern, path))
      })
    expect(SPECS.map((path) => [path, foundBy(path)])).toEqual(SPECS.map((path) => [path, [projectOf(path)]]))
  })

  it.each(NAMES.flatMap((name) => PROJECTS[name].map((entry): [string, string] => [name, entry])))(
    '%s finds specs in %s',
    (name, entry) => {
      expect(SPECS.some((path) => (path === entry || path.startsWith(`${entry}/`)) && projectOf(path) === name)).toBe(true)
    },
  )

  it('start neither a database nor a program in the quick one', () => {
    const PROCESSES = /from 'node:child_process'|startPostgres\b/
    const starting = SPECS.filter((path) => projectOf(path) === 'quick' && path !== 'test/architecture/projects.spec.ts').filter((path) =>
      [...helpersOf(path)].some((file) => PROCESSES.test(readFileSync(join(ROOT, file), 'utf8'))),
    )
    expect(starting).toEqual([])
  })
})

describe('parts of the deep tests', () => {
  it('are all of them without a name, or those that are named', () => {
    expect(chooseParts([]).parts).toEqual(PARTS)
    expect(chooseParts(['clocks', 'seeds']).parts?.map(({ name }) => name)).toEqual(['seeds', 'clocks'])
  })

  it('refuse an unknown name, and list the known ones', () => {
    expect(chooseParts(['seeds', 'moons'])).toEqual({
      refusal:
        'no part is called moons; known: seeds, model, kills, clocks, instances, brokers, upgrade, ofrep, schemathesis, sockets, poison, guards, mutants',
    })
  })

  it('run every spec that only they run', () => {
    const theirs = PARTS.flatMap(({ specs = [] }) => specs)
    expect(PROJECTS.deep.filter((path) => !theirs.includes(path))).toEqual([])
  })
})

/** A path, or all specs below a folder: the only patterns there are. */
function matches(pattern: string, path: string): boolean {
  const folder = pattern.replace(/\/\*\*\/\*\.spec\.ts$/, '')
  return folder === pattern ? path === pattern : path.startsWith(`${folder}/`)
}

/** The spec, and what it takes from `test` and from suites, all the way down. */
function helpersOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const [, name] of readFileSync(join(ROOT, path), 'utf8').matchAll(/from '(\.[^']+)\.js'/g)) {
    const file = join(dirname(path), `${name}.ts`)
    if ((file.startsWith('test/') || file.endsWith('.suite.ts')) && existsSync(join(ROOT, file))) helpersOf(file, seen)
  }
  return seen
}
