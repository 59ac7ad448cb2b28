import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './root.js'

const FOLDER = join(ROOT, 'docs', 'adr')
const records = readdirSync(FOLDER).filter((name) => /^\d{4}-.*\.md$/.test(name))

describe('decision records', () => {
  it('have numbers of their own, without a gap', () => {
    expect(records.map((name) => Number(name.slice(0, 4)))).toEqual(records.map((_name, index) => index + 1))
  })

  it('say their number, and stand in the index in order', () => {
    const index = readFileSync(join(FOLDER, 'README.md'), 'utf8')
    const listed = [...index.matchAll(/^- \[(\d{4})\]\(([^)]+)\)/gm)].map(([, number, file]) => `${number} ${file}`)
    expect(listed).toEqual(records.map((name) => `${name.slice(0, 4)} ${name}`))
    for (const name of records) expect(readFileSync(join(FOLDER, name), 'utf8')).toMatch(new RegExp(`^# ${name.slice(0, 4)}\\. `))
  })
})
