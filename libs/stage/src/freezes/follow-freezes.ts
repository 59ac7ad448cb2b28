import { type FreezeNotice, type FreezeRecord, type StageName } from '#libs/contracts'
import { type DocumentTable, documentTable, findAll, timerKind, type TimerKind, type Timers, type Transaction } from '#libs/persistence'
import { freezeAgainst, isDeletable, nextChange, type StageState } from '#libs/pipeline'
import type { Rosters } from '#libs/service'
import { digestOfPayload, verifyFreeze } from '#libs/signing'

/** Freezes as received by the stage, by id. Approver bounds their number. */
export const FREEZES = documentTable<FreezeRecord>({ name: 'freeze', id: ({ id }) => id, keys: {} })

/** Delay of the second notification in ms, because a run that is being opened while a freeze changes can miss the first. */
const SECOND_NOTICE_MS = 5_000

export interface FreezableStage<State extends StageState> {
  name: StageName
  table: DocumentTable<State>
  /** States of the runs that a freeze blocks. */
  states: readonly State['state'][]
  keysOf(state: State): readonly string[]
  /** Returns the scopes of the run's next step. */
  scopesOf(state: State): readonly string[]
  /** Notifies a run, under the run's lock, of the freeze that blocks it now; `null` if none does. */
  notify(tx: Transaction, state: State, frozen: FreezeNotice | null): Promise<void>
}

/** Stores declared freezes, and notifies the runs of a stage when one begins, ends or is lifted. */
export class FollowFreezes<State extends StageState> {
  private readonly change: TimerKind<{ id: string; again?: boolean }> = timerKind(`${this.stage.name}-freeze-change`)
  private readonly notice: TimerKind<{ run: number; attempt: number; key: string }> = timerKind(`${this.stage.name}-freeze`)

  constructor(
    private readonly service: { rosters: Pick<Rosters, 'newest'>; timers: Pick<Timers, 'on' | 'schedule'> },
    private readonly stage: FreezableStage<State>,
  ) {}

  /** Registers the timers; call once, before the service starts. */
  listen(): void {
    this.service.timers.on(this.change, (tx, { data }) => this.changed(tx, data))
    this.service.timers.on(this.notice, (tx, { data }) => this.notifyRun(tx, data))
  }

  /** Stores a declared or lifted freeze. Throws `SignatureError` unless the person in the record signed it. */
  async save(tx: Transaction, freeze: FreezeRecord): Promise<void> {
    // Serialises deletion with a concurrent declaration of the same freeze.
    await tx.lock(['freezes'])
    const stored = await tx.documents(FREEZES).get(freeze.id)
    const isStored = stored !== undefined && digestOfPayload(stored.statement) === digestOfPayload(freeze.statement)
    // The stored declaration was verified, and a lift is final: reading the topic again changes neither.
    if (isStored && (freeze.lifted === null || stored.lifted !== null)) return
    verifyFreeze(freeze, this.service.rosters.newest, stored) // guard: freeze-signed
    await tx.documents(FREEZES).put(isStored ? { ...stored, lifted: freeze.lifted } : freeze)
    await this.deletePast(tx)
    await this.notifyAll(tx)
    await this.scheduleChange(tx, freeze, 'again')
  }

  /** Returns the freeze that blocks a step in these scopes now; `null` if none does. */
  async against(tx: Transaction, scopes: readonly string[]): Promise<FreezeNotice | null> {
    return freezeAgainst(await findAll(tx, FREEZES), scopes, tx.now)
  }

  /** Deletes freezes that ended long ago: approver deletes them without an event. */
  private async deletePast(tx: Transaction): Promise<void> {
    for (const freeze of await findAll(tx, FREEZES)) if (isDeletable(freeze, tx.now)) await tx.documents(FREEZES).delete(freeze.id)
  }

  private async changed(tx: Transaction, { id, again }: { id: string; again?: boolean }): Promise<void> {
    const freeze = await tx.documents(FREEZES).get(id)
    if (freeze === undefined) return
    await this.notifyAll(tx)
    await this.scheduleChange(tx, freeze, again === true ? 'at its change' : 'again')
  }

  /** Schedules the freeze's timer for its next change, or with `again` for the second notification if that is due earlier. */
  private async scheduleChange(tx: Transaction, freeze: FreezeRecord, when: 'again' | 'at its change'): Promise<void> {
    const { id } = freeze
    const change = freeze.lifted === null ? nextChange(freeze, tx.now) : undefined
    const secondNotice = when === 'again' ? new Date(tx.now.getTime() + SECOND_NOTICE_MS) : undefined
    const isSecondNotice = secondNotice !== undefined && (change === undefined || secondNotice < change)
    const dueAt = isSecondNotice ? secondNotice : change
    if (dueAt === undefined) return
    const data = isSecondNotice ? { id, again: isSecondNotice } : { id }
    await this.service.timers.schedule(tx, { id: `${this.change}:${id}`, kind: this.change, keys: [], data, dueAt })
  }

  /** Schedules a notification timer for each run, because this transaction does not hold the locks of the runs' policies. */
  private async notifyAll(tx: Transaction): Promise<void> {
    const { table, states, keysOf } = this.stage
    for (const state of await findAll(tx, table, { state: [...states] })) {
      const { run, attempt, key } = state
      const [id, keys] = [`${this.notice}:${run}`, [...keysOf(state)]]
      await this.service.timers.schedule(tx, { id, kind: this.notice, keys, data: { run, attempt, key }, dueAt: tx.now })
    }
  }

  private async notifyRun(tx: Transaction, { run, attempt }: { run: number; attempt: number }): Promise<void> {
    const state = await tx.documents(this.stage.table).get(String(run))
    if (state?.attempt !== attempt) return
    const { notify, scopesOf } = this.stage
    await notify(tx, state, await this.against(tx, scopesOf(state)))
  }
}
