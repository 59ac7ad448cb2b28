import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './root.js'

const FOLDER = join(ROOT, 'docs', 'adr')
const records = readdirSync(FOLDER).filter((name) => /^\d{4}-.*\.md$/.test(name))
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8')

/** The status line of a record: the third line, below the title. */
const statusOf = (name: string): string => read(name).split('\n')[2]!

/** Numbers of the records that a part of a status line links to. */
const numbersIn = (text: string): string[] => [...text.matchAll(/\[(\d{4})\]/g)].map(([, number]) => number!)

describe('decision records', () => {
  // A number is chosen when a record is begun, and several are under way at a time: one may stay free for a while.
  it('have numbers of their own, which their titles repeat', () => {
    const numbers = records.map((name) => name.slice(0, 4))
    expect(new Set(numbers).size).toBe(numbers.length)
    for (const name of records) expect(read(name)).toMatch(new RegExp(`^# ${name.slice(0, 4)}\\. `))
  })

  it('are all listed in the index, once, in order within their theme', () => {
    const themes = read('README.md').split(/^## /m).slice(1)
    expect(themes.length).toBeGreaterThanOrEqual(5)
    const listed = themes.map((theme) =>
      [...theme.matchAll(/^- \[(\d{4})\]\(([^)]+)\) \S/gm)].map(([, number, file]) => `${number} ${file}`),
    )
    for (const theme of listed) expect(theme).toEqual(theme.toSorted())
    expect(listed.flat().toSorted()).toEqual(records.map((name) => `${name.slice(0, 4)} ${name}`))
  })

  it('have a status, which links to records that exist', () => {
    for (const name of records) {
      expect(statusOf(name), name).toMatch(/^Status: (accepted\.|(amended|replaced) by \[\d{4}\]\()/)
      for (const [, number, file] of statusOf(name).matchAll(/\[(\d{4})\]\(([^)]+)\)/g)) {
        expect(records, name).toContain(file)
        expect(file, name).toMatch(new RegExp(`^${number}-`))
      }
    }
  })

  it('name each other: a record that amends an earlier one is named by its status', () => {
    for (const name of records)
      for (const earlier of numbersIn(/Amends .*/.exec(statusOf(name))?.[0] ?? '')) {
        const amended = records.find((other) => other.startsWith(earlier))!
        expect(numbersIn(statusOf(amended)), amended).toContain(name.slice(0, 4))
      }
  })
})
