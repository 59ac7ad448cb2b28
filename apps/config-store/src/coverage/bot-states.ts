import type { HeldDocument } from '#libs/evaluation'
import { policyChecks } from './policy-checks.js'
import type { BotPresence } from './coverage.js'

export type BotState = 'current' | 'stale' | 'silent'

/** Counts bots that apply everything they should, that are behind, and that are connected and reported nothing yet; `now` in ms. Pure. */
export function botStates(
  policies: readonly { id: string; documents: readonly HeldDocument[] }[],
  bots: Iterable<BotPresence>,
  now: number,
): Record<BotState, number> {
  const states = { current: 0, stale: 0, silent: 0 }
  const checks = policyChecks(policies)
  for (const bot of bots) {
    if (bot.revision === 0) states.silent++
    else if (checks.every(({ passes }) => passes(bot, now))) states.current++
    else states.stale++
  }
  return states
}
