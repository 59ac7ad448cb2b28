import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBefore, hasHistory, textBefore } from '../support/documents/build-before.js'
import { ROOT } from './root.js'

const MIGRATION = /\/migrations\/\d{13}-[^/]+\.ts$/

/** A database that has run a migration does not run it again: what was added to it is missing there, and in no new database. */
describe.skipIf(!hasHistory())('migrations that the build before brought', () => {
  it('are what they were; what is new is in another one', () => {
    const brought = filesBefore('apps', 'libs').filter((path) => MIGRATION.test(path))
    expect(brought.length).toBeGreaterThan(10)
    expect(brought.filter((path) => workOf(now(path)) !== workOf(textBefore(path)))).toEqual([])
  })
})

function now(path: string): string {
  const file = join(ROOT, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** A migration of document tables whose methods are written out, as in builds before `DocumentTablesMigration`. */
const WRITTEN_OUT = new RegExp(
  String.raw`^(?:const TABLES: CreatedTables = (\{.*\}) )?export class (\w+) implements MigrationInterface \{ ` +
    String.raw`async up\(runner: QueryRunner\): Promise<void> \{ await createDocumentTables\(runner, (?:TABLES|(\{.*\}))\) \} ` +
    String.raw`async down\(runner: QueryRunner\): Promise<void> \{ await dropTables\(runner, (?:Object\.keys\(TABLES\)|\['\w+'\])\) \} \}$`,
)

/** Without imports, comments and layout, which may change. */
function workOf(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .replaceAll(/^import [\s\S]*? from '.*'$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/,? ([}\]])/g, ' $1')
    .replaceAll('[ ', '[')
    .replaceAll(' ]', ']')
    .trim()
    .replace(WRITTEN_OUT, (_all, tables: string | undefined, name: string, inline: string | undefined) => {
      return `export class ${name} extends DocumentTablesMigration { readonly tables: CreatedTables = ${tables ?? inline} }`
    })
}
