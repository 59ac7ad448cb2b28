import { Database, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { readHead, unlessRefused, STABLE_SCOPE } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DOCUMENTS, documentId, ENVIRONMENT, type StoredDocument } from './head.table.js'
import { LIVE_HEADS } from './live-history.js'
import { RowVerifier, type RowRefusal } from './row-verifier.js'
import { UnverifiedRows } from './unverified-rows.js'

/** Number of rows verified in one turn of the event loop: about 20 ms. */
const ROWS_OF_A_TURN = 32

/** Separates the stored documents that verify from those that do not, before anything is served or decided from them. */
@Injectable()
export class VerifiedRows {
  private readonly verifier = new RowVerifier()

  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    readonly unverified: UnverifiedRows,
  ) {}

  /**
   * Verifies rows, and takes their members from the signed documents. Refuses a head that was put back: its `seq` is below the one this
   * instance serves (`heldSeq`), else below the newest in the history. `revision`: highest of these rows, at most the store's counter.
   */
  async verify(
    rows: readonly StoredDocument[],
    heldSeq: (row: StoredDocument) => number | undefined,
  ): Promise<{ verified: StoredDocument[]; refused: StoredDocument[]; revision: number }> {
    if (rows.length === 0) return { verified: [], refused: [], revision: 0 }
    const newest = await this.newestRevision()
    const verified = new Map<string, StoredDocument>()
    const refused: { row: StoredDocument; refusal: RowRefusal }[] = []
    let revision = 0
    for (const [index, row] of rows.entries()) {
      if (index % ROWS_OF_A_TURN === ROWS_OF_A_TURN - 1) await nextTurn()
      if (row.revision <= newest) revision = Math.max(revision, row.revision)
      const place = documentId(row.id, row.scope)
      const held = heldSeq(row)
      const floor = Math.max(held ?? (await this.floorOf(row)), verified.get(place)?.seq ?? 0)
      const judged = this.verifier.verify(row, this.rosters.newest)
      const refusal = 'refusal' in judged ? judged.refusal : outOfOrder(judged.document, { floor, newest })
      // A newer head was stored after the rows were read: the next pass reads it.
      if (refusal !== undefined && held === undefined && row.seq < floor && (await this.isReplaced(row))) continue
      if (refusal !== undefined) refused.push({ row, refusal }) // guard: rows-left-out
      else if ('document' in judged) verified.set(place, judged.document)
    }
    for (const { id, scope } of verified.values()) this.unverified.clear(id, scope)
    for (const { refusal } of refused) this.unverified.refuse(refusal)
    // Excludes a refused row that claims the policy and scope of a verified row: its refusal must not drop the verified document.
    const unserved = refused.flatMap(({ row }) => (verified.has(documentId(row.id, row.scope)) ? [] : [row]))
    return { verified: [...verified.values()], refused: unserved, revision }
  }

  /** Returns the row of a policy in a scope; `undefined` if it is missing or does not verify. */
  async known(tx: Transaction, policy: string, scope: string): Promise<StoredDocument | undefined> {
    const row = await tx.documents(DOCUMENTS).get(documentId(policy, scope))
    return row !== undefined && this.check(row) ? row : undefined
  }

  /** Whether the row verifies. Raises the alarm if it does not, independently of other reads. */
  check(row: StoredDocument): boolean {
    const judged = this.verifier.verify(row, this.rosters.newest)
    if ('refusal' in judged) this.unverified.refuse(judged.refusal)
    return 'document' in judged
  }

  /** Returns the `seq` of the policy's newest stable head in the history; 0 if there is none, or if rollout did not sign it. */
  async newestStableSeq(tx: Transaction, policy: string): Promise<number> {
    const [newest] = await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', descending: true, limit: 1 })
    if (newest === undefined) return 0
    const head = unlessRefused(() => readHead(newest.head, this.rosters.newest.serviceKeys('rollout')).predicate, undefined)
    return head?.policy === policy && head.scope === STABLE_SCOPE ? head.seq : 0
  }

  /** Whether a newer head was stored since the row was read. */
  private async isReplaced({ id, scope, seq }: StoredDocument): Promise<boolean> {
    const now = await this.database.autocommit((tx) => tx.documents(DOCUMENTS).get(documentId(id, scope)))
    return now !== undefined && now.seq > seq
  }

  /** Returns the lowest acceptable `seq` of a row without a served head: none was served, or it was dropped because its row was refused. */
  private async floorOf({ id, scope, ended }: StoredDocument): Promise<number> {
    if (scope !== STABLE_SCOPE || ended === true) return 0
    return this.database.autocommit((tx) => this.newestStableSeq(tx, String(id)))
  }

  /** Returns the revision counter. Read it after the rows: a transaction writes a row and the counter, so no valid row exceeds it. */
  private async newestRevision(): Promise<number> {
    const counter = await this.database.autocommit((tx) => tx.documents(ENVIRONMENT).get('environment'))
    return counter?.revision ?? 0
  }
}

function outOfOrder(
  { id: policy, scope, seq, revision }: StoredDocument,
  { floor, newest }: { floor: number; newest: number },
): RowRefusal | undefined {
  // guard: rows-not-put-back
  if (seq < floor) return replayed(policy, scope, `the row has head ${seq}, although head ${floor} was already stored`)
  if (revision > newest) return replayed(policy, scope, `the row has revision ${revision}, above the store’s counter ${newest}`)
  return undefined
}

function replayed(policy: string, scope: string, detail: string): RowRefusal {
  return { policy, scope, code: 'HMS_HEAD_REPLAYED', detail }
}
