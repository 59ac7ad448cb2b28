import type { CoverageView, LeftBotView } from '#libs/contracts'
import type { Answer } from '../reading/answer.js'

/** `stale`: it acknowledged something older. `silent`: connected, and it has acknowledged nothing. */
export const BOT_STATES = ['stale', 'silent'] as const
export type BotState = (typeof BOT_STATES)[number]

export interface LaggingBot {
  id: string
  policy: string
  state: BotState
  version: string | null
  region: string
  since: string
}

/** Bots that are behind, longest first: they apply a rule that is not in force. Then silent bots, whose rule is not known. */
export function laggingOf(coverages: readonly Answer<CoverageView>[]): LaggingBot[] {
  const bots = coverages.flatMap((answer) =>
    answer.kind === 'loaded' ? answer.value.lagging.map((bot) => ({ ...bot, policy: answer.value.policy })) : [],
  )
  return bots
    .map(({ id, policy, revision, version, region, since }) => ({
      id,
      policy,
      state: revision === 0 ? ('silent' as const) : ('stale' as const),
      version,
      region,
      since,
    }))
    .toSorted(
      (a, b) => BOT_STATES.indexOf(a.state) - BOT_STATES.indexOf(b.state) || a.since.localeCompare(b.since) || a.id.localeCompare(b.id),
    )
}

export type LeftBot = LeftBotView & { policy: string }

/** Bots that left while behind, the newest first. */
export function leftOf(coverages: readonly Answer<CoverageView>[]): LeftBot[] {
  return coverages
    .flatMap((answer) =>
      answer.kind === 'loaded' ? (answer.value.left ?? []).map((bot) => ({ ...bot, policy: answer.value.policy })) : [],
    )
    .toSorted((a, b) => b.leftAt.localeCompare(a.leftAt) || a.id.localeCompare(b.id))
}
