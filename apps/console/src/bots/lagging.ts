import type { CoverageView, LeftBotView } from '#libs/contracts'
import { valueOf, type Answer } from '../reading/answer.js'

/** `stale`: it acknowledged something older. `silent`: connected, and it has acknowledged nothing. */
export const BOT_STATES = ['stale', 'silent'] as const
export type BotState = (typeof BOT_STATES)[number]

export type LaggingBot = InPolicy<CoverageView['lagging'][number]> & { state: BotState }
export type LeftBot = InPolicy<LeftBotView>
type InPolicy<B> = B & { policy: string }

/** Bots that are behind, longest first: they apply a rule that is not in force. Then silent bots, whose rule is not known. */
export function laggingOf(coverages: readonly Answer<CoverageView>[]): LaggingBot[] {
  return botsIn(coverages, ({ lagging }) => lagging)
    .map((bot): LaggingBot => ({ ...bot, state: bot.revision === 0 ? 'silent' : 'stale' }))
    .toSorted(
      (a, b) => BOT_STATES.indexOf(a.state) - BOT_STATES.indexOf(b.state) || a.since.localeCompare(b.since) || a.id.localeCompare(b.id),
    )
}

/** Bots that left while behind, the newest first. */
export function leftOf(coverages: readonly Answer<CoverageView>[]): LeftBot[] {
  return botsIn(coverages, ({ left = [] }) => left).toSorted((a, b) => b.leftAt.localeCompare(a.leftAt) || a.id.localeCompare(b.id))
}

function botsIn<B>(coverages: readonly Answer<CoverageView>[], of: (view: CoverageView) => readonly B[]): InPolicy<B>[] {
  const views = coverages.flatMap((answer) => valueOf(answer) ?? [])
  return views.flatMap((view) => of(view).map((bot) => ({ ...bot, policy: view.policy })))
}
