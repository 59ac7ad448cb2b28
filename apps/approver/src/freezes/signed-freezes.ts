import { action, HmsError, MAX_FREEZES, type Envelope, type FreezeRecord, type FreezeView } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { freezeError, mayReplaceFreeze, isDeletable, nextChange, windowAt } from '#libs/pipeline'
import { Rosters } from '#libs/service'
import { digestOfPayload, isSignedLately, readFreeze, orRefusal, SignatureError, type ReadFreeze, type Roster } from '#libs/signing'
import { FREEZES } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { requireReviewed } from '../tickets/review-lock.table.js'
import { spendDeclaration } from './declaration.table.js'

const SHOW = [action('freezes.list')]

/** Accepts signed declarations and liftings of freezes. */
@Injectable()
export class SignedFreezes {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
  ) {}

  /** Declares a freeze, or replaces the freeze with the same id. */
  async declare(statement: Envelope): Promise<FreezeView> {
    verifyStatement(statement, this.rosters.newest)
    return this.database.locked(['freezes'], async (tx) => {
      const read = readSignedFreeze(statement, this.rosters.newest, tx.now)
      const { predicate, person, digest } = read
      if (predicate.action !== 'declare') throw invalid('The signed statement lifts a freeze.')
      const { freeze } = predicate
      const wrong = freezeError(freeze)
      if (wrong !== undefined) throw invalid(`${wrong}.`)
      const known = await tx.documents(FREEZES).get(freeze.id)
      // A repeated statement changes nothing: the response to the first may have been lost.
      if (known !== undefined && digestOfPayload(known.statement) === digest) return freezeView(known, tx.now)
      if (!(await spendDeclaration(tx, read))) throw replaced(freeze.id) // guard: freeze-counts-once
      // A redeclaration with an earlier end or a smaller scope amounts to lifting.
      // guard: break-glass-locks-declaration
      if (known !== undefined && !mayReplaceFreeze(freeze, known, tx.now)) await requireReviewed(tx, this.rosters.newest, person.name)
      await this.makeRoom(tx, known)
      const record: FreezeRecord = { ...freeze, by: person.name, declaredAt: tx.now.toISOString(), statement, lifted: null }
      await tx.documents(FREEZES).put(record)
      await this.outbox.emit(tx, 'hms.freeze.declared.v1', { freeze: record }, { key: freeze.id })
      return freezeView(record, tx.now)
    })
  }

  /** Lifts a freeze before its end. The record stays, with the person and the reason. Lifting again changes nothing. */
  async lift(id: string, statement: Envelope): Promise<FreezeView> {
    verifyStatement(statement, this.rosters.newest)
    return this.database.locked(['freezes'], async (tx) => {
      const { predicate, person } = readSignedFreeze(statement, this.rosters.newest, tx.now)
      if (predicate.action !== 'lift' || predicate.id !== id) throw other(id)
      const known = await tx.documents(FREEZES).get(id)
      if (known === undefined) throw new HmsError('HMS_FREEZE_NOT_FOUND', `There is no freeze ${id}.`, { status: 404, next: SHOW })
      if (predicate.declared !== digestOfPayload(known.statement)) throw other(id) // guard: lift-of-this-declaration
      if (known.lifted !== null) return freezeView(known, tx.now)
      await requireReviewed(tx, this.rosters.newest, person.name)
      const lifted = { by: person.name, reason: predicate.reason, at: tx.now.toISOString(), statement }
      const record: FreezeRecord = { ...known, lifted }
      await tx.documents(FREEZES).put(record)
      await this.outbox.emit(tx, 'hms.freeze.lifted.v1', { freeze: record }, { key: id })
      return freezeView(record, tx.now)
    })
  }

  private async makeRoom(tx: Transaction, known: FreezeRecord | undefined): Promise<void> {
    const freezes = tx.documents(FREEZES)
    const all = await freezes.find({ limit: MAX_FREEZES })
    const old = all.filter((freeze) => isDeletable(freeze, tx.now))
    for (const { id } of old) await freezes.delete(id)
    if (known !== undefined || all.length - old.length < MAX_FREEZES) return
    const detail = `There are ${MAX_FREEZES} freezes. One that has ended is deleted 90 days after its declaration.`
    throw new HmsError('HMS_FREEZE_LIMIT', detail, { status: 409, next: SHOW })
  }
}

/** Verifies a statement about a freeze; throws an HTTP error for an invalid one. */
function readSignedFreeze(statement: Envelope, roster: Roster, now: Date): ReadFreeze {
  const read = verifyStatement(statement, roster, now)
  // Records of earlier builds may lack the installation. A new statement without it would be valid in every installation whose people have
  // these keys.
  // guard: freeze-names-installation
  if (read.predicate.installation === undefined) throw otherInstallation('it names no installation', roster)
  if (isSignedLately(read.predicate.at, now)) return read
  const detail = 'It was signed more than ten minutes ago, or the clocks of its signer and of the database differ that much. Sign it again.'
  throw new HmsError('HMS_FREEZE_STATEMENT_EXPIRED', detail, { status: 403 })
}

/** Verifies a statement. Without `now` it skips the times: callers do so first, so unauthorised statements reach no transaction. */
function verifyStatement(statement: Envelope, roster: Roster, now?: Date): ReadFreeze {
  const read = orRefusal(() => readFreeze(statement, roster, now?.toISOString()))
  if (!(read instanceof SignatureError)) return read
  if (read.code === 'HMS_FREEZE_OTHER') throw otherInstallation(read.detail, roster, read)
  const code = read.code === 'HMS_FREEZE_NOT_ALLOWED' ? read.code : 'HMS_FREEZE_SIGNATURE_INVALID'
  throw new HmsError(code, `The statement does not count: ${read.detail}.`, { status: 403, next: [action('roster.show')], cause: read })
}

function otherInstallation(why: string, { installation }: Roster, cause?: Error): HmsError {
  const detail = `The statement does not count here: ${why}. Set HMS_ROSTER to the roster of ${installation} and sign it again.`
  return new HmsError('HMS_FREEZE_OTHER', detail, { status: 409, next: [action('roster.show'), action('help.environment')], cause })
}

function replaced(id: string): HmsError {
  const detail = `This statement was used before, and ${id} was redeclared since. Check the current freeze, then sign a new statement.`
  return new HmsError('HMS_FREEZE_OTHER', detail, { status: 409, next: SHOW })
}

function invalid(detail: string): HmsError {
  return new HmsError('HMS_FREEZE_INVALID', detail, { status: 422, next: [action('freezes.add.help')] })
}

function other(id: string): HmsError {
  const detail = `The statement does not lift the current declaration of ${id}: it names another or an earlier one, or does not lift.`
  return new HmsError('HMS_FREEZE_OTHER', detail, { status: 409, next: SHOW })
}

/** Returns a freeze at `now`, without the signed statement. */
export function freezeView({ statement: _statement, lifted, ...freeze }: FreezeRecord, now: Date): FreezeView {
  const next = lifted === null ? (nextChange(freeze, now)?.toISOString() ?? null) : null
  const isActive = windowAt(freeze, now) !== undefined
  const state = lifted !== null ? 'LIFTED' : isActive ? 'ACTIVE' : next === null ? 'OVER' : 'COMING'
  if (lifted === null) return { ...freeze, state, next, lifted }
  const { statement: _signed, ...shown } = lifted
  return { ...freeze, state, next, lifted: shown }
}
