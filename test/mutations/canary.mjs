/** Guards of the verdict on a canary; none yet. Same form as `GUARDS`. */
export const CANARY_GUARDS = []
