import type { TransportName } from './transport.js'

/** Transport of the next attempt, and the evidence for it. Pure. */
export interface Choice {
  transport: TransportName
  /** Consecutive sessions in which this transport was blocked. */
  blocked: number
  /** The stream has delivered frames before, so one failure is no proof of blocking. */
  proven: boolean
}

export interface Outcome {
  hadFrames: boolean
  /** The other side is reachable but this transport is blocked, possibly after the first frames. */
  blocked: boolean
}

const ENOUGH_WHEN_PROVEN = 2

/** Returns the choice after a session by `choice.transport` has ended. `order`: the available transports, best first. */
export function chooseTransport(choice: Choice, { hadFrames, blocked }: Outcome, order: readonly TransportName[]): Choice {
  const { transport } = choice
  const best = order[0]!
  const proven = choice.proven || (hadFrames && transport === best)
  // The transport works; the end of a session is no evidence against it.
  if (hadFrames && !blocked) return { transport, blocked: 0, proven }
  // Unreachable, or refused by the server itself: no transport would help, so the best one is tried again.
  if (!blocked) return { transport: best, blocked: 0, proven }
  const count = choice.blocked + 1
  if (transport === best && proven && count < ENOUGH_WHEN_PROVEN) return { transport, blocked: count, proven }
  return { transport: order[order.indexOf(transport) + 1] ?? best, blocked: 0, proven }
}

/** Returns the better transport to try while `transport` works; for polls, both alternately. `tries` counts earlier attempts. */
export function betterTransport(transport: TransportName, tries: number): TransportName {
  return transport === 'poll' && tries % 2 === 1 ? 'events' : 'stream'
}

const FIRST_TRY_MS = 5_000
const LONGEST_TRY_MS = 60_000

/**
 * Returns the delay before trying it, in ms: short at first, since bots are counted only on the stream, then growing, minus a random half.
 */
export function tryBetterAfterMs(tries: number, random: () => number = Math.random): number {
  return Math.min(FIRST_TRY_MS * 2 ** Math.min(tries, 10), LONGEST_TRY_MS) * (0.5 + random() / 2)
}
