import { createDocumentTable } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The stable heads without their releases: what is signed every ten seconds must be cheap to read. */
export class AddRolloutStableHeads1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTable(runner, 'rollout', 'stable_head', {})
    await runner.query(`
      INSERT INTO rollout.stable_head (id, doc)
      SELECT id, jsonb_build_object('policy', id, 'seq', doc->'seq', 'current', coalesce(doc->'current'->'releaseDigest', 'null'::jsonb))
      FROM rollout.stable WHERE (doc->>'seq')::bigint > 0`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rollout.stable_head')
  }
}
