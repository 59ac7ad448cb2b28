import type { ReleaseDocument } from '#libs/contracts'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Approval } from '../runs/approval.table.js'
import { newPolicy, POLICIES } from './policy.table.js'
import { quarantine, quarantined } from './quarantine.js'
import { recordReleased, recordSigned } from './policy-version.table.js'

const released = (releaseEpoch: number, predicate = {}): ReleaseDocument => ({
  id: 'pm25',
  version: '2.0.0',
  policyDigest: 'sha256:2',
  releaseDigest: `sha256:r${releaseEpoch}`,
  releaseEpoch,
  envelope: { payload: Buffer.from(JSON.stringify({ predicate })).toString('base64'), payloadType: '', signatures: [] },
})
const approval = (release: ReleaseDocument): Approval => ({ releases: [release] }) as Approval

let database: MemoryDatabase
beforeEach(async () => {
  database = new MemoryDatabase(new VirtualClock())
  await database.transaction(async (tx) => {
    await recordSigned(tx, 'pm25', { version: '2.0.0', digest: 'sha256:2' })
    await tx.documents(POLICIES).put(newPolicy('pm25', 5))
    await quarantine(tx, 'pm25', '2.0.0', 7)
  })
})

const look = (release: ReleaseDocument) => database.transaction((tx) => quarantined(tx, approval(release)))

describe('quarantine of a version', () => {
  it('applies to approvals prepared before the rollback, and to none prepared after', async () => {
    expect(await look(released(5))).toMatchObject({ name: 'pm25@2.0.0', takenBack: { run: 7 } })
    expect(await look(released(6))).toBeUndefined()
  })

  it('never applies to a rollback', async () => {
    expect(await look(released(5, { rollback: { target: { version: '2.0.0', digest: 'sha256:r2' } } }))).toBeUndefined()
  })

  it('stays when the live release of the version is stored', async () => {
    const policy = { ...newPolicy('pm25', 5), live: released(4), liveSeq: 3 }
    await database.transaction((tx) => recordReleased(tx, policy))
    expect(await look(released(5))).toBeDefined()
  })
})
