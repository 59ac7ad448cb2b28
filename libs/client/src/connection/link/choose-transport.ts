import type { TransportName } from './transport.js'

/** Transport of the next attempt, with the evidence for the choice. */
export interface Choice {
  transport: TransportName
  /** Number of consecutive sessions in which this transport was blocked. */
  blocked: number
  /** Whether the best transport has delivered frames before, so that one blocked session is no proof that it is blocked. */
  proven: boolean
}

export interface Outcome {
  hadFrames: boolean
  /** Whether the server is reachable but this transport is blocked, possibly after the first frames. */
  blocked: boolean
}

const MAX_BLOCKED_WHEN_PROVEN = 2

/** Returns the choice after a session over `choice.transport` has ended. `order`: the available transports, best first. */
export function chooseTransport(choice: Choice, { hadFrames, blocked }: Outcome, order: readonly TransportName[]): Choice {
  const { transport } = choice
  const best = order[0]!
  const proven = choice.proven || (hadFrames && transport === best)
  // The transport works, and a session that ends is no evidence against it.
  if (hadFrames && !blocked) return { transport, blocked: 0, proven }
  // The server is unreachable or has refused the reader itself. No other transport would help, so the best one is tried again.
  if (!blocked) return { transport: best, blocked: 0, proven }
  const count = choice.blocked + 1
  if (transport === best && proven && count < MAX_BLOCKED_WHEN_PROVEN) return { transport, blocked: count, proven }
  return { transport: order[order.indexOf(transport) + 1] ?? best, blocked: 0, proven }
}

/** Returns the better transport to try while `transport` works; for `poll`, the two others in turn. `tries`: number of earlier attempts. */
export function betterTransport(transport: TransportName, tries: number): TransportName {
  return transport === 'poll' && tries % 2 === 1 ? 'events' : 'stream'
}

const FIRST_TRY_MS = 5_000
const LONGEST_TRY_MS = 60_000

/** Returns the delay in ms before the next try, partly random: short at first, as only the stream counts bots, then doubled up to 60 s. */
export function tryBetterAfterMs(tries: number, random: () => number = Math.random): number {
  return Math.min(FIRST_TRY_MS * 2 ** Math.min(tries, 10), LONGEST_TRY_MS) * (0.5 + random() / 2)
}
