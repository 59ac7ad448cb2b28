import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './root.js'

const FOLDER = join(ROOT, 'docs', 'adr')
const records = readdirSync(FOLDER).filter((name) => /^\d{4}-.*\.md$/.test(name))

describe('decision records', () => {
  // A number is chosen when a record is begun, and several are under way at a time: one may stay free for a while.
  it('have numbers of their own', () => {
    const numbers = records.map((name) => Number(name.slice(0, 4)))
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  it('say their number, and stand in the index in order', () => {
    const index = readFileSync(join(FOLDER, 'README.md'), 'utf8')
    const listed = [...index.matchAll(/^- \[(\d{4})\]\(([^)]+)\)/gm)].map(([, number, file]) => `${number} ${file}`)
    expect(listed).toEqual(records.map((name) => `${name.slice(0, 4)} ${name}`))
    for (const name of records) expect(readFileSync(join(FOLDER, name), 'utf8')).toMatch(new RegExp(`^# ${name.slice(0, 4)}\\. `))
  })
})
