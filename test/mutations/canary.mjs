/** What a verdict on a canary rests on: evidence of its own, and alerts of its own. Same form as `GUARDS`. */
export const CANARY_GUARDS = []
