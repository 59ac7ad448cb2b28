import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { errorPage } from '#libs/platform'
import { ROOT, sourcesOf } from './root.js'

const PRODUCT = /^(?!.*(?:\.spec\.tsx?$|\/testing\/|\/node_modules\/)).*\.tsx?$/
/** Where a variable is named: any literal of a file that reads the environment, and elsewhere what is looked up. */
const NAMED = /'(HMS_[A-Z0-9_]+)'/g
const LOOKED_UP = /(?:lookup\(|environment\[)\s*'(HMS_[A-Z0-9_]+)'/g
const OF_SERVICE = new RegExp(
  `^HMS_(?:${SERVICES.map((name) => name.toUpperCase().replaceAll('-', '_')).join('|')})_(?:PORT|URLS|KEY_FILE)$`,
)

describe('the page about the environment', () => {
  const names = ['apps', 'libs']
    .flatMap((folder) => sourcesOf(folder, PRODUCT))
    .flatMap(({ path, text }) => [...text.matchAll(path.endsWith('.config.ts') ? NAMED : LOOKED_UP)].map(([, name]) => name!))
  const variables = [...new Set(names)].filter((name) => errorPage(name) === undefined && !OF_SERVICE.test(name))

  it('has every variable that the code reads', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/environment.md'), 'utf8')
    const rows = [...page.matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell!).join(' ')
    expect(variables.length).toBeGreaterThan(50)
    expect(variables.filter((name) => !rows.includes(`\`${name}\``))).toEqual([])
  })
})

describe('the page about metrics', () => {
  /** First argument of what registers a metric; the side-car's have a page of their own. */
  const REGISTERED = /\.(?:gauge|counter|histogram)\(\s*'([a-z_]+)'/g
  const names = ['apps', 'libs']
    .flatMap((folder) => sourcesOf(folder, PRODUCT))
    .filter(({ path }) => !path.includes('sidecar'))
    .flatMap(({ text }) => [...text.matchAll(REGISTERED)].map(([, name]) => name!))

  it('has every metric that the code registers', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8')
    expect(names.length).toBeGreaterThan(40)
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})

describe('the page about alarms', () => {
  const names = ['apps', 'libs']
    .flatMap((folder) => sourcesOf(folder, PRODUCT))
    .flatMap(({ text }) => [...text.matchAll(/\balarm: '(\w+)'|\bname: '(\w+)', isRaised/g)].map(([, field, name]) => field ?? name!))

  it('has every alarm that the code logs', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8').split('## Alarms')[1] ?? ''
    expect(new Set(names).size).toBeGreaterThan(15)
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})

describe('the page about the SDK', () => {
  /** Lists of the options that a function takes. */
  const LISTS = /OPTIONS = (?:optionNames<\w+(?: & [^>]+)?>\(\)\(|\[)('[^)\]]+)/g
  const names = sourcesOf('libs/client/src', PRODUCT)
    .filter(({ path }) => !path.includes('/webhooks/'))
    .flatMap(({ text }) => [...text.matchAll(LISTS)].flatMap(([, list]) => [...list!.matchAll(/'(\w+)'/g)].map(([, name]) => name!)))

  it('has every option that a function takes', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/sdk.md'), 'utf8')
    expect(new Set(names).size).toBeGreaterThan(25)
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([])
  })
})

/** Returns rows that no header precedes, which a page shows as text, and rows with another number of cells than their header. */
function brokenRows(text: string): string[] {
  const broken: string[] = []
  const cellsOf = (row: string) => row.split(/(?<!\\)\|/).length
  let isCode = false
  let table: string[] = []
  for (const line of [...text.split('\n'), '']) {
    if (/^\s*```/.test(line)) isCode = !isCode
    if (!isCode && line.startsWith('|')) table.push(line)
    else {
      if (table.length > 0 && !/^\|(?:\s*:?-+:?\s*\|)+$/.test(table[1] ?? '')) broken.push(...table)
      broken.push(...table.filter((row) => cellsOf(row) !== cellsOf(table[0]!)))
      table = []
    }
  }
  return broken
}

describe('tables of the pages', () => {
  it.each(sourcesOf('docs', /\.md$/).map(({ path, text }) => [path, text] as const))(
    '%s: every row is in one, and has its cells',
    (_path, text) => {
      expect(brokenRows(text)).toEqual([])
    },
  )
})
