import { peekPredicate, type ConfigDocument } from '#libs/contracts'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'
import { Outbox, policyKey } from '#libs/messaging'
import { timerKind, Timers, type Transaction } from '#libs/persistence'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { documentId, DOCUMENTS, type StoredDocument } from './head.table.js'

type LeasedDocument = Pick<ConfigDocument, 'scope' | 'head'> & { leaseUntil?: string; storedAt: string }

/**
 * Returns the end (RFC 3339) of the last lease issued for a canary; `undefined` for a stable head or a canary in force without an end.
 * Readers may use the canary's document until the lease ends, so the head that ends the canary is kept until then. Pure.
 */
export function leaseAfter(head: HeadPredicate, known: LeasedDocument | undefined, now: Date): string | undefined {
  if (head.scope === STABLE_SCOPE) return undefined
  const before = known === undefined ? now.toISOString() : leaseOf(known)
  const own = head.expires ?? (hasOwnRelease(head) ? undefined : now.toISOString())
  if (before === undefined || own === undefined) return undefined
  return Date.parse(own) > Date.parse(before) ? own : before
}

/** Returns the lease end of a stored document. Rows of earlier versions have none, so it is derived from their head. */
export function leaseOf({ scope, head, leaseUntil, storedAt }: LeasedDocument): string | undefined {
  if (scope === STABLE_SCOPE) return undefined
  if (leaseUntil !== undefined) return leaseUntil
  const predicate = peekPredicate<HeadPredicate>(head)
  return predicate.expires ?? (hasOwnRelease(predicate) ? undefined : storedAt)
}

function hasOwnRelease({ current, base = null, next }: HeadPredicate): boolean {
  return (current !== null && current !== base) || next !== undefined
}

const CANARY_EXPIRED = timerKind<{ policy: string; scope: string }>('canary-over')

/**
 * Removes a canary's document from `hms.state.recorded.v1` once its last lease has expired: the topic then has each policy once. The row
 * stays, because its head number must never be issued again; snapshots omit the row.
 */
@Injectable()
export class EndCanaries implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly timers: Timers,
  ) {}

  onModuleInit(): void {
    this.timers.on(CANARY_EXPIRED, (tx, { data: { policy, scope } }) => this.execute(tx, policy, scope))
  }

  /** Schedules the end; a renewal postpones it. */
  async schedule(tx: Transaction, { id, scope, leaseUntil }: StoredDocument): Promise<void> {
    if (leaseUntil === undefined) return
    const timer = { id: `canary-over:${documentId(id, scope)}`, kind: CANARY_EXPIRED, keys: [policyKey(id)], data: { policy: id, scope } }
    await this.timers.schedule(tx, { ...timer, dueAt: new Date(leaseUntil) })
  }

  async execute(tx: Transaction, policy: string, scope: string): Promise<void> {
    const id = documentId(policy, scope)
    const document = await tx.documents(DOCUMENTS).get(id)
    if (document?.leaseUntil === undefined || document.ended === true || Date.parse(document.leaseUntil) > tx.now.getTime()) return
    await tx.documents(DOCUMENTS).put({ ...document, ended: true })
    await this.outbox.erase(tx, 'hms.state.recorded.v1', id)
  }
}
