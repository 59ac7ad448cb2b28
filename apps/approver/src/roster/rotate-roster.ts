import type { Envelope } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Rosters, Signals, takeRoster } from '#libs/service'
import type { Roster } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { MAX_PROPOSALS, ROSTER_PROPOSALS } from './proposal.table.js'
import { refusingRosters } from './refused-roster.js'

/** Puts a complete next roster into force. */
@Injectable()
export class RotateRoster {
  constructor(
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
  ) {}

  /** Locks the roster and returns the one in force, which another instance may have changed. */
  async lock(tx: Transaction): Promise<Roster> {
    await tx.lock(['roster'])
    await this.rosters.catchUp(tx)
    return this.rosters.newest
  }

  /** Verifies the next roster, notifies other services, and deletes the other proposals. */
  async execute(tx: Transaction, complete: Envelope): Promise<void> {
    const next = refusingRosters(() => this.rosters.verify(complete))
    const { version, envelope } = next
    await takeRoster(tx, next, this.rosters, this.signals)
    await this.outbox.emit(tx, 'hms.roster.rotated.v1', { version, envelope }, { key: String(version) })
    const proposals = tx.documents(ROSTER_PROPOSALS)
    for (const { digest } of await proposals.find({ limit: MAX_PROPOSALS })) await proposals.delete(digest)
  }
}
