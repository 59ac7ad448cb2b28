import { policyKey } from '#libs/messaging'
import { timerKind, Timers } from '#libs/persistence'
import { currentTraceparent } from '#libs/platform'
import { ALL_COUNTERS, type CounterAdvance } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { RunRollout } from './run-rollout.js'
import { stableOf, STABLES } from '../stable/stable.table.js'

/** Timer that reissues a policy's head, unchanged, under its next number. */
const HEAD_AGAIN = timerKind<{ policy: string }>('head-again')

/**
 * Reissues every stable head under a number above those readers saw: until then they refuse new heads. No other process uses the database.
 */
export async function advanceHeadCounters({ tx, by, schedule }: CounterAdvance): Promise<void> {
  const stables = await tx.documents(STABLES).find({ limit: ALL_COUNTERS })
  for (const stable of stables) {
    const { policy } = stable
    await tx.documents(STABLES).put({ ...stable, seq: stable.seq + by })
    await schedule({ id: `head-again:${policy}`, kind: HEAD_AGAIN, keys: [policyKey(policy)], data: { policy }, dueAt: tx.now })
  }
}

/** Reissues the live heads after the database was restored: one timer each, because rollout must be running to sign. */
@Injectable()
export class ReissueHeads implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly runRollout: RunRollout,
  ) {}

  onModuleInit(): void {
    this.timers.on(HEAD_AGAIN, async (tx, { data }) => {
      const before = await stableOf(tx, data.policy)
      if (before === undefined) return
      const again = { before, after: { ...before, seq: before.seq + 1 } }
      const postedIn = { traceparent: currentTraceparent() }
      await this.runRollout.moves.moveStable(tx, [again], { key: data.policy, postedIn })
    })
  }
}
