import { Database, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { readHead, SignatureError, STABLE_SCOPE } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DOCUMENTS, documentId, ENVIRONMENT, type StoredDocument } from './head.table.js'
import { LIVE_HEADS } from './live-history.js'
import { JudgeRows, type RowRefusal } from './judge-row.js'
import { UnverifiedRows } from './unverified-rows.js'

/** Rows verified in one turn of the event loop: some 20 ms. */
const ROWS_OF_A_TURN = 32

/** Separates the stored documents that verify from those that do not, before anything is served or decided from them. */
@Injectable()
export class BelievedRows {
  private readonly judge = new JudgeRows()
  private isFirst = true

  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    readonly unverified: UnverifiedRows,
  ) {}

  /**
   * Verifies rows; each believed one has its members from the signed documents. `heldSeq`: number of the head served at the place of a row.
   * A head behind the newest that was served, or was stored before this process, was put back by hand. `revision`: the newest of these rows
   * that the store has counted.
   */
  async of(
    rows: readonly StoredDocument[],
    heldSeq: (row: StoredDocument) => number | undefined,
  ): Promise<{ believed: StoredDocument[]; refused: StoredDocument[]; revision: number }> {
    if (rows.length === 0) return { believed: [], refused: [], revision: 0 }
    const newest = await this.newestRevision()
    const believed = new Map<string, StoredDocument>()
    const refused: { row: StoredDocument; refusal: RowRefusal }[] = []
    let revision = 0
    for (const [index, row] of rows.entries()) {
      if (index % ROWS_OF_A_TURN === ROWS_OF_A_TURN - 1) await nextTurn()
      if (row.revision <= newest) revision = Math.max(revision, row.revision)
      const place = documentId(row.id, row.scope)
      const floor = Math.max(heldSeq(row) ?? (await this.floorOf(row)), believed.get(place)?.seq ?? 0)
      const judged = this.judge.of(row, this.rosters.newest)
      const refusal = 'refusal' in judged ? judged.refusal : outOfOrder(judged.document, { floor, newest })
      if (refusal !== undefined) refused.push({ row, refusal })
      else if ('document' in judged) believed.set(place, judged.document)
    }
    this.isFirst = false
    for (const { id, scope } of believed.values()) this.unverified.believe(id, scope)
    for (const { refusal } of refused) this.unverified.refuse(refusal)
    // A row under another place's name does not affect the place.
    const left = refused.flatMap(({ row }) => (believed.has(documentId(row.id, row.scope)) ? [] : [row]))
    return { believed: [...believed.values()], refused: left, revision }
  }

  /** Returns the row of a place if it verifies; `undefined` otherwise, and for a missing row. */
  async known(tx: Transaction, policy: string, scope: string): Promise<StoredDocument | undefined> {
    const row = await tx.documents(DOCUMENTS).get(documentId(policy, scope))
    return row !== undefined && this.check(row) ? row : undefined
  }

  /** Whether the row verifies; raises the alarm otherwise, independently of other reads. */
  check(row: StoredDocument): boolean {
    const judged = this.judge.of(row, this.rosters.newest)
    if ('refusal' in judged) this.unverified.refuse(judged.refusal)
    return 'document' in judged
  }

  /** Returns the number of the newest stored stable head of the policy signed by rollout; 0 if there is none. */
  async newestStored(tx: Transaction, policy: string): Promise<number> {
    const [kept] = await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', descending: true, limit: 1 })
    if (kept === undefined) return 0
    try {
      const { predicate } = readHead(kept.head, this.rosters.newest.serviceKeys('rollout'))
      return predicate.policy === policy && predicate.scope === STABLE_SCOPE ? predicate.seq : 0
    } catch (error) {
      if (error instanceof SignatureError) return 0
      throw error
    }
  }

  /** Returns the newest number stored before this process, read from the history once; later the served head decides. */
  private async floorOf({ id, scope, ended }: StoredDocument): Promise<number> {
    if (!this.isFirst || scope !== STABLE_SCOPE || ended === true) return 0
    return this.database.autocommit((tx) => this.newestStored(tx, String(id)))
  }

  /** Read after the rows: each of them was counted before it was committed. */
  private async newestRevision(): Promise<number> {
    const counter = await this.database.autocommit((tx) => tx.documents(ENVIRONMENT).get('environment'))
    return counter?.revision ?? 0
  }
}

function outOfOrder(
  { id: policy, scope, seq, revision }: StoredDocument,
  { floor, newest }: { floor: number; newest: number },
): RowRefusal | undefined {
  if (seq < floor) return replayed(policy, scope, `head ${seq} is stored, and head ${floor} was stored after it`)
  if (revision > newest) return replayed(policy, scope, `it has revision ${revision}, and the store is at ${newest}`)
  return undefined
}

function replayed(policy: string, scope: string, detail: string): RowRefusal {
  return { policy, scope, code: 'HMS_HEAD_REPLAYED', detail }
}
