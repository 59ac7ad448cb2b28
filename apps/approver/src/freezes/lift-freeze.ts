import { action, HmsError, type Envelope, type FreezeRecord, type FreezeView } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { digestOfPayload } from '#libs/signing'
import { FREEZES } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { requireReviewed } from '../tickets/review-lock.table.js'
import { freezeView } from './freeze-view.js'
import { readSignedFreeze, requireSignedFreeze } from './read-signed-freeze.js'

const SHOW = [action('freezes.list')]

/** Lifts a freeze before its end. The record stays, with the person and the reason. */
@Injectable()
export class LiftFreeze {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
  ) {}

  /** Lifting again changes nothing and returns the same view. */
  async execute(id: string, statement: Envelope): Promise<FreezeView> {
    requireSignedFreeze(statement, this.rosters.newest)
    return this.database.locked(['freezes'], async (tx) => {
      const { predicate, person } = readSignedFreeze(statement, this.rosters.newest, tx.now)
      if (predicate.action !== 'lift' || predicate.id !== id) throw other(id)
      const known = await tx.documents(FREEZES).get(id)
      if (known === undefined) throw new HmsError('HMS_FREEZE_NOT_FOUND', `There is no freeze ${id}.`, { status: 404, next: SHOW })
      if (predicate.declared !== digestOfPayload(known.statement)) throw other(id)
      if (known.lifted !== null) return freezeView(known, tx.now)
      await requireReviewed(tx, this.rosters.newest, person.name)
      const lifted = { by: person.name, reason: predicate.reason, at: tx.now.toISOString(), statement }
      const record: FreezeRecord = { ...known, lifted }
      await tx.documents(FREEZES).put(record)
      await this.outbox.emit(tx, 'hms.freeze.lifted.v1', { freeze: record }, { key: id })
      return freezeView(record, tx.now)
    })
  }
}

function other(id: string): HmsError {
  const detail = `The statement does not lift the current ${id}: it was redeclared, or never declared so.`
  return new HmsError('HMS_FREEZE_OTHER', detail, { status: 409, next: SHOW })
}
