import { canonicalJson, type FreezeNotice, type FreezeRecord, type StageName } from '#libs/contracts'
import { findAll, timerKind, type DocumentTable, type TimerKind, type Transaction } from '#libs/persistence'
import { freezeAgainst, isForgotten, nextChange, type StageState } from '#libs/pipeline'
import type { ServiceRuntime } from '#libs/service'
import { verifyFreeze } from '#libs/signing'
import { FREEZES } from './freeze.table.js'

/** A run that is opened while a freeze changes can miss it: runs are told once more after this. */
const LOOK_AGAIN_MS = 5_000

/** A stage that publishes, as freezes need to know it. */
export interface FreezableStage<State extends StageState> {
  name: StageName
  table: DocumentTable<State>
  /** States of the runs that a freeze holds back. */
  states: readonly State['state'][]
  keysOf(state: State): readonly string[]
  /** Scopes that its next step reaches. */
  scopesOf(state: State): readonly string[]
  /** Hands the freeze that holds by now to the run, under its lock. */
  tell(tx: Transaction, state: State, frozen: FreezeNotice | null): Promise<void>
}

/** Keeps the freezes that people declared, and tells the runs of a stage when one begins, ends or is lifted. */
export class FollowFreezes<State extends StageState> {
  private readonly change: TimerKind<{ id: string; again?: boolean }>
  private readonly told: TimerKind<{ run: number; attempt: number; key: string }>

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly stage: FreezableStage<State>,
  ) {
    this.change = timerKind(`${stage.name}-freeze-change`)
    this.told = timerKind(`${stage.name}-freeze`)
  }

  /** Registers the timers; once, before the service starts. */
  listen(): void {
    this.runtime.onTimer(this.change, (tx, { data }) => this.changed(tx, data))
    this.runtime.onTimer(this.told, (tx, { data }) => this.tell(tx, data))
  }

  /** A freeze was declared or lifted. Throws `SignatureError` unless the person whom the record names signed what it says. */
  async keep(tx: Transaction, freeze: FreezeRecord): Promise<void> {
    verifyFreeze(freeze, this.runtime.roster)
    // What one forgets here another may just declare anew.
    await tx.lock(['freezes'])
    const known = await tx.documents(FREEZES).get(freeze.id)
    if (known !== undefined && canonicalJson(known) === canonicalJson(freeze)) return
    await tx.documents(FREEZES).put(freeze)
    await this.forgetPast(tx)
    await this.tellAll(tx)
    await this.look(tx, freeze, 'again')
  }

  /** The freeze that holds a step in these scopes. */
  async against(tx: Transaction, scopes: readonly string[]): Promise<FreezeNotice | null> {
    return freezeAgainst(await findAll(tx, FREEZES), scopes, tx.now)
  }

  /** Approver erases past freezes from the topic without an event. */
  private async forgetPast(tx: Transaction): Promise<void> {
    for (const freeze of await findAll(tx, FREEZES)) if (isForgotten(freeze, tx.now)) await tx.documents(FREEZES).delete(freeze.id)
  }

  private async changed(tx: Transaction, { id, again }: { id: string; again?: boolean }): Promise<void> {
    const freeze = await tx.documents(FREEZES).get(id)
    if (freeze === undefined) return
    await this.tellAll(tx)
    await this.look(tx, freeze, again === true ? 'at its change' : 'again')
  }

  /** Sets the timer of the freeze: at its next change, and before that once more after the one that was just told. */
  private async look(tx: Transaction, freeze: FreezeRecord, when: 'again' | 'at its change'): Promise<void> {
    const { id } = freeze
    const change = freeze.lifted === null ? nextChange(freeze, tx.now) : undefined
    const soon = when === 'again' ? new Date(tx.now.getTime() + LOOK_AGAIN_MS) : undefined
    const again = soon !== undefined && (change === undefined || soon < change)
    const dueAt = again ? soon : change
    if (dueAt === undefined) return
    const data = again ? { id, again } : { id }
    await this.runtime.schedule(tx, { id: `${this.change}:${id}`, kind: this.change, keys: [], data, dueAt })
  }

  /** By a timer for each run: this transaction has locked none of their policies. */
  private async tellAll(tx: Transaction): Promise<void> {
    const { table, states, keysOf } = this.stage
    for (const state of await findAll(tx, table, { state: [...states] })) {
      const { run, attempt, key } = state
      const [id, keys] = [`${this.told}:${run}`, [...keysOf(state)]]
      await this.runtime.schedule(tx, { id, kind: this.told, keys, data: { run, attempt, key }, dueAt: tx.now })
    }
  }

  private async tell(tx: Transaction, { run, attempt }: { run: number; attempt: number }): Promise<void> {
    const state = await tx.documents(this.stage.table).get(String(run))
    if (state?.attempt !== attempt) return
    const { tell, scopesOf } = this.stage
    await tell(tx, state, await this.against(tx, scopesOf(state)))
  }
}
