import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { houseWordsIn, unusedExceptions } from './house-words.js'
import { linesThatMatch, ROOT, sourcesOf } from './root.js'

const code = [...sourcesOf('apps', /\.(tsx?|mjs|js)$/), ...sourcesOf('libs', /\.tsx?$/)]
const tests = sourcesOf('test', /\.(ts|mjs)$/)
const production = code.filter(({ path }) => !/\.(spec|suite|fixture)\.ts$|\/testing\//.test(path))

// Written in parts, so that this file does not match itself.
const word = (...parts: string[]): RegExp => new RegExp(`(^|\\W)(${parts.join('')})\\b`)

describe('sources', () => {
  it('are there', () => {
    expect(production.length).toBeGreaterThan(200)
  })

  it('read the environment in libs/platform and *.config.ts only', () => {
    const others = [...production, ...tests].filter(({ path }) => !/^libs\/platform\/|\.config\.ts$|\.mjs$/.test(path))
    expect(linesThatMatch(others, word('process', '\\.', 'env'))).toEqual([])
  })

  it('need no forward reference', () => {
    expect(linesThatMatch(code, word('forward', 'Ref'))).toEqual([])
  })

  it('leave nothing for later', () => {
    expect(linesThatMatch([...code, ...tests], word('TO', 'DO|FIX', 'ME|XX', 'X'))).toEqual([])
  })

  it('have lines of at most 140 characters', () => {
    expect(linesThatMatch(code, /^.{141}/)).toEqual([])
  })

  it('cite nothing that is not in the repository', () => {
    const foreign = new RegExp(
      ['resea', 'rch(/| )[0-9]{2}|(desi', 'gn|contra', 'ct) §|(^|[^a-z-])(desi', 'gn|contra', 'ct)\\.md'].join(''),
      'i',
    )
    expect(linesThatMatch([...code, ...tests], foreign)).toEqual([])
  })

  it('silence no type error', () => {
    expect(linesThatMatch([...code, ...tests], word('@ts-', 'ignore|@ts-no', 'check|@ts-expect', '-error'))).toEqual([])
  })

  it('export by name', () => {
    // Bots of the replay are modules of their own kind, and so are the files of tools.
    const named = production.filter(({ path }) => !path.startsWith('apps/demo/assets/'))
    expect(linesThatMatch(named, /^export default\b/)).toEqual([])
  })

  it('use memory adapters and virtual time in tests alone', () => {
    expect(linesThatMatch(production, /\b(new (Memory|Virtual)\w+|memoryOf)\b/)).toEqual([])
  })

  it('register timers, signals and rules when modules start, not in constructors', () => {
    const bodies = (text: string): string[] =>
      [...text.matchAll(/^  constructor\((?:.*|\n(?: {4}.*\n)* {2})\) (\{\}|\{\n((?: {4}.*\n|\n)*) {2}\})$/gm)].map(
        ([, , body]) => body ?? '',
      )
    const constructors = production.map(({ path, text }) => ({ path, text: bodies(text).join('') }))
    expect(constructors.filter(({ text }) => text !== '').length).toBeGreaterThan(20)
    expect(linesThatMatch(constructors, /\bruntime\.(on[A-Z]\w+|prunes)\(|\.start\(|setInterval|process\.on/)).toEqual([])
  })

  it('use the words of the field', () => {
    // The console and the demo are reworded with their redesign.
    const pages = sourcesOf('docs', /^docs\/(?!adr\/|CHANGELOG).*\.md$/)
    const readme = { path: 'README.md', text: readFileSync(join(ROOT, 'README.md'), 'utf8') }
    const swept = [...code, ...sourcesOf('libs', /\.md$/), ...pages, readme].filter(({ path }) => !/^apps\/(console|demo)\//.test(path))
    expect(houseWordsIn(swept)).toEqual([])
    expect(unusedExceptions(swept)).toEqual([])
  })

  it('do not sleep in tests', () => {
    const sleeping = [...code, ...tests].filter(({ path }) => /\.(spec|suite)\.ts$/.test(path) && !path.startsWith('test/architecture/'))
    const sleep = /\bsetTimeout\(\s*(resolve|done|\(\) => resolve)|\{[^}]*setTimeout[^}]*\} from 'node:timers\/promises'/
    expect(linesThatMatch(sleeping, sleep)).toEqual([])
  })
})
