import { lockedDocument, timerKind, Timers, type Query, type Transaction } from '#libs/persistence'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { APPROVALS, keysOfApproval, type Approval } from '../runs/approval.table.js'
import { MAX_PREPARATIONS, PREPARATIONS, type Preparation } from './preparation.table.js'

const PREPARATION_EXPIRY = timerKind<{ digest: string }>('preparation-expiry')
const PREPARATION_TTL_MS = 24 * 60 * 60 * 1000

/**
 * Stores unsigned preparations, each for a day at most. Above a limit it deletes the oldest preparation of the caller with the most, so no
 * caller can fill the table or displace the preparations of others.
 */
@Injectable()
export class KeepPreparations implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly config: ApproverConfig,
  ) {}

  onModuleInit(): void {
    this.timers.on(PREPARATION_EXPIRY, (tx, { data }) => this.drop(tx, data.digest))
  }

  async add(tx: Transaction, approval: Approval, by: string): Promise<void> {
    const { digest, releases, preparedAt } = approval
    const policy = releases[0]!.id
    await this.makeRoom(tx, { policy, by }, MAX_PREPARATIONS.callerOfPolicy)
    await this.makeRoom(tx, { policy }, MAX_PREPARATIONS.policy)
    await this.makeRoom(tx, { by }, MAX_PREPARATIONS.caller)
    await this.makeRoom(tx, {}, MAX_PREPARATIONS.all)
    await tx.documents(APPROVALS).put(approval)
    await tx.documents(PREPARATIONS).put({ digest, policy, by, preparedAt })
    const dueAt = new Date(tx.now.getTime() + Math.min(PREPARATION_TTL_MS, this.config.approvalExpiryMs))
    // guard: prepare-expiry
    await this.timers.schedule(tx, {
      id: timerId(digest),
      kind: PREPARATION_EXPIRY,
      keys: keysOfApproval(approval),
      data: { digest },
      dueAt,
    })
  }

  /** Deletes the row and the timer of a preparation, for example once it is signed; its approval stays. */
  async delete(tx: Transaction, digest: string): Promise<void> {
    if (await tx.documents(PREPARATIONS).delete(digest)) await this.timers.cancel(tx, timerId(digest))
  }

  private async makeRoom(tx: Transaction, where: NonNullable<Query['where']>, max: number): Promise<void> {
    for (let surplus = (await tx.documents(PREPARATIONS).count(where)) + 1 - max; surplus > 0; surplus--) {
      const candidates = await tx.documents(PREPARATIONS).find({ where, orderBy: 'prepared_at', limit: max + surplus })
      const oldest = oldestOfGreatest(candidates)
      if (oldest === undefined) return
      await lockedDocument(tx, APPROVALS, oldest.digest, keysOfApproval)
      await this.drop(tx, oldest.digest)
    }
  }

  /** Deletes a preparation; the caller has locked its policies. If its approval was signed meanwhile, the approval stays. */
  private async drop(tx: Transaction, digest: string): Promise<void> {
    await this.delete(tx, digest)
    if ((await tx.documents(APPROVALS).get(digest))?.state === 'prepared') await tx.documents(APPROVALS).delete(digest)
  }
}

/** Returns the oldest preparation of the caller with the most preparations. `preparations` are sorted by age, oldest first. */
export function oldestOfGreatest(preparations: readonly Preparation[]): Preparation | undefined {
  const counts = new Map<string, number>()
  for (const { by } of preparations) counts.set(by, (counts.get(by) ?? 0) + 1)
  const most = Math.max(0, ...counts.values())
  return preparations.find(({ by }) => counts.get(by) === most) // guard: prepare-side-by-side
}

/** Returns when an unsigned approval is deleted, or stops accepting signatures, whichever is earlier (RFC 3339). */
export function preparationEnd({ preparedAt, expiresAt }: Pick<Approval, 'preparedAt' | 'expiresAt'>): string {
  return new Date(Math.min(Date.parse(preparedAt) + PREPARATION_TTL_MS, Date.parse(expiresAt))).toISOString()
}

function timerId(digest: string): string {
  return `${PREPARATION_EXPIRY}:${digest}`
}
