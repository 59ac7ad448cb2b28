import { createDocumentTable } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Facts of high volume wait here for the end of their window; of each window what its digest was made over. */
export class AddAuditWindows1765000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTable(runner, 'audit', 'windowed_event', { until: 'timestamptz' }, [['until']])
    await createDocumentTable(runner, 'audit', 'window_listing', { at: 'timestamptz' }, [['at']])
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.window_listing')
    await runner.query('DROP TABLE audit.windowed_event')
  }
}
