import { MAX_FREEZES, stepsOf } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { freezeAgainst, stateOf, waitingStage, type RunFacts, type StageFacts } from '#libs/pipeline'
import { scopesOverlap } from '#libs/policy'
import { FREEZES } from '#libs/stage'
import { APPROVALS } from './approval.table.js'
import { RUNS, type RunRecord } from './run.table.js'

/** Limit of runs checked as owners of a region, oldest first. */
const MAX_ASKED = 1_000

/** Whether a waiting run is still blocked: by a freeze, by a run that has its region, or by an earlier run waiting for it. */
export async function isHeldUp(tx: Transaction, record: RunRecord): Promise<boolean> {
  const stage = waitingStage(record.facts)
  const waits = stage === undefined ? undefined : record.facts.stages[stage]?.waits
  if (waits === 'REGION_BUSY') return isRegionTaken(tx, record)
  if (waits !== 'FREEZE') return true
  const scopes = stage === 'canary' ? await scopesOf(tx, record) : ['global']
  return freezeAgainst(await tx.documents(FREEZES).find({ limit: MAX_FREEZES }), scopes, tx.now) !== null
}

/**
 * Whether another run has its region. The run it first waited for may have ended: of the waiting runs, only the next in turn is notified.
 */
async function isRegionTaken(tx: Transaction, record: RunRecord): Promise<boolean> {
  const { run } = record.facts
  const where = { open: 'yes', state: ['CANARY', 'ROLLING_OUT', 'BAKING', 'PAUSED', 'WAITING'] }
  const open = await tx.documents(RUNS).find({ where, orderBy: 'number', limit: MAX_ASKED })
  const ahead = open.filter(({ facts }) => facts.run !== run && (hasRegion(facts) || (facts.run < run && waitsForRegion(facts))))
  const scopes = await scopesOf(tx, record)
  for (const other of ahead) {
    const taken = await scopesOf(tx, other)
    if (scopes.some((scope) => taken.some((each) => scopesOverlap(scope, each)))) return true
  }
  return false
}

/** Whether its canary is live, and not yet replaced by the stable release. A freeze may stop its timer, or its growth. */
function hasRegion(facts: RunFacts): boolean {
  const { canary, rollout } = facts.stages
  return stateOf(facts) !== 'WAITING' || rollout?.waits === 'FREEZE' || (canary?.waits === 'FREEZE' && canary.shown === true)
}

/** Whether it waits for a region. A run that a freeze keeps from its first head does not: it lets other runs go first. */
function waitsForRegion(facts: RunFacts): boolean {
  return stateOf(facts) === 'WAITING' && facts.stages.canary?.waits === 'REGION_BUSY'
}

async function scopesOf(tx: Transaction, { approval }: RunRecord): Promise<string[]> {
  const signed = await tx.documents(APPROVALS).get(approval)
  return signed === undefined ? ['global'] : stepsOf(signed.plan).map(({ scope }) => scope)
}

/** Returns a text that distinguishes one wait from another. */
export function describeWait({ waits, behind }: StageFacts): string {
  return waits === 'REGION_BUSY' ? `${waits} ${behind}` : String(waits)
}
