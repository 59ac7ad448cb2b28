import { evaluate, type HeldDocument } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { isCurrent, reads, type BotPresence } from './coverage.js'

export interface PolicyCheck {
  policy: string
  /** Whether the bot applies what it should, or does not read the policy; `now` in ms. Pure. */
  passes(bot: BotPresence, now: number): boolean
}

/** One check a policy. A policy that one document serves to all is decided once, not for each bot. Pure. */
export function policyChecks(policies: readonly { id: string; documents: readonly HeldDocument[] }[]): PolicyCheck[] {
  return policies.map(({ id, documents }) => {
    const [only] = documents
    if (documents.length !== 1 || only?.head.scope !== STABLE_SCOPE || only.head.next !== undefined)
      return { policy: id, passes: (bot, now) => !reads(bot, id) || isCurrent(bot, id, documents, now) }
    const wanted = evaluate(documents, { region: '' }, 0)?.held.document.digest ?? null
    return { policy: id, passes: (bot) => !reads(bot, id) || (bot.revision > 0 && (bot.applied[id] ?? null) === wanted) }
  })
}
