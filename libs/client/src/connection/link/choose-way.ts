import type { WayName } from './way.js'

/** By which way to try next, and what speaks for it. Pure. */
export interface Choice {
  way: WayName
  /** Sessions of this way in a row that did not lead through. */
  blocked: number
  /** The stream has brought frames before, so that one failure proves nothing. */
  proven: boolean
}

export interface Outcome {
  hadFrames: boolean
  /** Somebody is there, and this way does not lead through, or no further than to the first frames. */
  blocked: boolean
}

export const FIRST_CHOICE: Choice = { way: 'stream', blocked: 0, proven: false }

const NEXT: Record<WayName, WayName> = { stream: 'events', events: 'poll', poll: 'stream' }
const ENOUGH_WHEN_PROVEN = 2

/** The choice after a session by `choice.way` has ended. */
export function chooseWay(choice: Choice, { hadFrames, blocked }: Outcome): Choice {
  const { way } = choice
  const proven = choice.proven || (hadFrames && way === 'stream')
  // The way leads through; the end of a session says nothing against it.
  if (hadFrames && !blocked) return { way, blocked: 0, proven }
  // Nobody there, or a refusal of the server's own: no way leads further, and the best one is as good a start as any.
  if (!blocked) return { way: 'stream', blocked: 0, proven }
  const count = choice.blocked + 1
  if (way === 'stream' && proven && count < ENOUGH_WHEN_PROVEN) return { way, blocked: count, proven }
  return { way: NEXT[way], blocked: 0, proven }
}

/** Which better way to try while `way` works: from polls one and the other in turn. `tries` before this one. */
export function betterWay(way: Exclude<WayName, 'stream'>, tries: number): WayName {
  return way === 'poll' && tries % 2 === 1 ? 'events' : 'stream'
}

const FIRST_TRY_MS = 5_000
const LONGEST_TRY_MS = 60_000

/** When to try it: soon, for only on the stream a bot is counted, then ever more rarely, a random half of the time taken off. */
export function tryBetterAfterMs(tries: number, random: () => number = Math.random): number {
  return Math.min(FIRST_TRY_MS * 2 ** Math.min(tries, 10), LONGEST_TRY_MS) * (0.5 + random() / 2)
}
