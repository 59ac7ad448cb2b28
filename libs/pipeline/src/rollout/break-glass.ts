import { STOP_THE_LINE } from '#libs/contracts'

/** Whether a freeze of this id stands in the way of a rollout. The stop switch holds everything that goes forward. */
export function isHeldBy({ breakGlass }: { breakGlass?: true }, freeze: string): boolean {
  return breakGlass !== true || freeze === STOP_THE_LINE
}
