import type { Reach } from '#libs/contracts'
import type { Acknowledgements } from '../silence.js'

export const NOBODY_REACHED: Reach = { bots: 0, current: 0, halfAt: null, mostAt: null, allAt: null }

/**
 * Counts the bots that have all policies of a run. The time at which a share was first reached is kept, even if bots join or leave later.
 */
export function countReach(known: Reach, members: readonly Acknowledgements[], now: Date): Reach {
  const bots = Math.max(...members.map(({ expected }) => expected))
  const current = Math.min(bots, ...members.map(({ acknowledged }) => acknowledged))
  const first = (at: string | null, percent: number): string | null =>
    at ?? (bots > 0 && current * 100 >= bots * percent ? now.toISOString() : null)
  return { bots, current, halfAt: first(known.halfAt, 50), mostAt: first(known.mostAt, 95), allAt: first(known.allAt, 100) }
}
