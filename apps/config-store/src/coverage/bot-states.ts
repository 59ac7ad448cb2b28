import { evaluate, type HeldDocument } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { isCurrent, reads, type BotPresence } from './coverage.js'

export type BotState = 'current' | 'stale' | 'silent'

/**
 * Counts the bots that apply everything they should, those that are behind, and those that are connected and have reported nothing yet;
 * `now` in ms. Pure. A policy that one document serves to all is evaluated once, not for each bot.
 */
export function botStates(
  policies: readonly { id: string; documents: readonly HeldDocument[] }[],
  bots: Iterable<BotPresence>,
  now: number,
): Record<BotState, number> {
  const states = { current: 0, stale: 0, silent: 0 }
  const checks = policies.map(({ id, documents }) => {
    const [only] = documents
    if (documents.length !== 1 || only?.head.scope !== STABLE_SCOPE || only.head.next !== undefined)
      return (bot: BotPresence) => !reads(bot, id) || isCurrent(bot, id, documents, now)
    const wanted = evaluate(documents, { region: '' }, now)?.held.document.digest ?? null
    return (bot: BotPresence) => !reads(bot, id) || (bot.applied[id] ?? null) === wanted
  })
  for (const bot of bots) {
    if (bot.revision === 0) states.silent++
    else if (checks.every((check) => check(bot))) states.current++
    else states.stale++
  }
  return states
}
