import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateAbortedRuns1763000000003 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { aborted_run: {} }
}
