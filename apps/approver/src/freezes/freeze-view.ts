import type { FreezeRecord, FreezeView } from '#libs/contracts'
import { nextChange, windowAt } from '#libs/pipeline'

/** Returns a freeze at `now`, without the signed statement. */
export function freezeView({ statement: _statement, lifted, ...freeze }: FreezeRecord, now: Date): FreezeView {
  const next = lifted === null ? (nextChange(freeze, now)?.toISOString() ?? null) : null
  const isActive = windowAt(freeze, now) !== undefined
  const state = lifted !== null ? 'LIFTED' : isActive ? 'ACTIVE' : next === null ? 'OVER' : 'COMING'
  if (lifted === null) return { ...freeze, state, next, lifted }
  const { statement: _signed, ...shown } = lifted
  return { ...freeze, state, next, lifted: shown }
}
