import { action, HmsError, peekPredicate, type ConfigDocument, type Envelope, type RestoredDocument } from '#libs/contracts'
import { EventBus, Outbox, policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { Logger } from '#libs/platform'
import { Rosters } from '#libs/service'
import { verifyHead } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { VerifiedRows } from '../heads/verified-rows.js'
import { DocumentCopy, policyNotFound } from '../copy/document-copy.js'
import { documentId, DOCUMENTS, recordedState } from '../heads/head.table.js'
import { LIVE_RELEASES, releasesOf } from '../heads/live-history.js'
import { StoreHeads } from '../intake/store-heads.js'
import { readStateTopic } from './topic-state.js'

type SignedDocument = Pick<ConfigDocument, 'id' | 'scope' | 'seq' | 'head' | 'release' | 'proof' | 'next'>

/**
 * Restores the database and the topic of state to the signed state of one policy. For each scope, takes the newest document that verifies:
 * a document of the database is published again; a document of the topic is stored under a new revision.
 */
@Injectable()
export class RestoreDocument {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly bus: EventBus,
    private readonly log: Logger,
    private readonly rows: VerifiedRows,
    private readonly storeHeads: StoreHeads,
    private readonly copy: DocumentCopy,
  ) {}

  /** Restores a policy. Throws 404 `HMS_POLICY_NOT_FOUND`, 409 `HMS_STORE_NOT_RESTORABLE` if no copy of a newest document verifies. */
  async execute(policy: string, { by, reason }: { by?: string; reason?: string } = {}): Promise<RestoredDocument[]> {
    const recorded = await this.readTopic(policy)
    const restored = await this.database.transaction(async (tx) => {
      await tx.lock([policyKey(policy)])
      const stored = await tx.documents(DOCUMENTS).find({ where: { policy } })
      const places = new Set([...stored.map(({ id, scope }) => documentId(id, scope)), ...recorded.keys()])
      const restored: RestoredDocument[] = []
      for (const place of [...places].sort()) restored.push(await this.restore(tx, policy, place, recorded.get(place)))
      return restored
    })
    if (restored.length === 0) throw policyNotFound(`There is no policy ${policy}.`)
    this.log.info({ policy, places: restored, by, reason }, 'policy restored')
    await this.copy.refresh()
    return restored
  }

  private async restore(tx: Transaction, policy: string, place: string, recorded: SignedDocument | undefined): Promise<RestoredDocument> {
    const scope = place.slice(policy.length + 1)
    const row = await this.rows.known(tx, policy, scope)
    const newest = scope === 'global' ? await this.rows.newestStableSeq(tx, policy) : 0
    if (row !== undefined && row.seq >= Math.max(recorded?.seq ?? 0, newest)) {
      if (row.ended !== true) await this.outbox.emit(tx, 'hms.state.recorded.v1', recordedState(row), { key: place })
      return { place, seq: row.seq, from: 'database' }
    }
    if (recorded === undefined || recorded.seq < newest) throw notRestorable(policy, place)
    const verified = verifyHead(recorded, this.rosters.newest)
    // An altered row of the history is replaced; `insert` would keep it.
    for (const release of releasesOf(verified)) await tx.documents(LIVE_RELEASES).put(release)
    await this.storeHeads.store(tx, { heads: [verified] })
    return { place, seq: recorded.seq, from: 'topic' }
  }

  /** Returns, for each place (`policy@scope`) of the policy, the newest document on the topic that verifies. */
  private async readTopic(policy: string): Promise<Map<string, SignedDocument>> {
    const found = new Map<string, SignedDocument>()
    await readStateTopic(this.bus, 'beginning', ({ records }) => {
      for (const { key, value } of records) {
        if (key === null || !key.startsWith(`${policy}@`)) continue
        // Tombstone: the canary in this scope has ended.
        if (value === null) found.delete(key)
        const document = value === null ? undefined : this.verifiedDocument(key, value)
        if (document !== undefined && document.seq >= (found.get(key)?.seq ?? 0)) found.set(key, document)
      }
    })
    return found
  }

  private verifiedDocument(key: string, value: string): SignedDocument | undefined {
    try {
      const { data } = peekPredicate<{ data: { document: SignedDocument } }>(JSON.parse(value) as Envelope)
      const { head } = verifyHead(data.document, this.rosters.newest)
      return documentId(head.policy, head.scope) === key
        ? { ...data.document, id: head.policy, scope: head.scope, seq: head.seq }
        : undefined
    } catch {
      // Anyone with write access can add any record to the topic; a record that does not verify is ignored.
      return undefined
    }
  }
}

function notRestorable(policy: string, place: string): HmsError {
  const detail =
    `Neither the database nor hms.config.state.v1 has a copy of the newest document of ${place} that verifies. Restore a backup, or ` +
    `issue a new head for the policy: roll it back, or approve a newer version.`
  return new HmsError('HMS_STORE_NOT_RESTORABLE', detail, { status: 409, next: [action('history', { policy }), action('approve')] })
}
