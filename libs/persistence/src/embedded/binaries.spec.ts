import { execFileSync } from 'node:child_process'
import { cpSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { copied, databaseBinaries, missingLinks } from './binaries.js'

describe('databaseBinaries', () => {
  it('completes, outside of node_modules, an install whose script npm skipped', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'hms-binaries-'))
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
    const native = join(scratch, 'native')
    const isLink = (path: string) => lstatSync(path).isSymbolicLink()
    cpSync(dirname(dirname(databaseBinaries(scratch, undefined).postgres)), native, {
      recursive: true,
      filter: (path) => !isLink(path),
    })
    const before = readdirSync(join(native, 'lib'))
    const place = copied(native, join(scratch, 'postgres-copy'))
    expect(missingLinks(place)).toEqual([])
    expect(execFileSync(join(place, 'bin', 'postgres'), ['--version']).toString()).toMatch(/^postgres \(PostgreSQL\) 17/)
    expect(execFileSync(join(place, 'bin', 'initdb'), ['--version']).toString()).toMatch(/^initdb/)
    expect(readdirSync(join(native, 'lib'))).toEqual(before)
  })
})
