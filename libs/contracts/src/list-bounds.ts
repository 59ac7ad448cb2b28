/** The most that a list answers at once; a reader says so where one comes back full. */
export const MAX_RUNS_LISTED = 100
export const MAX_TICKETS_LISTED = 100
export const MAX_APPROVALS_LISTED = 200
/** Of each service. */
export const DEAD_LETTERS_LISTED = 100
