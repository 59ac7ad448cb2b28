/** Maximum entries of a list response; a reader reports when a list comes back full. */
export const MAX_RUNS_LISTED = 100
export const MAX_TICKETS_LISTED = 100
export const MAX_APPROVALS_LISTED = 200
/** Per service. */
export const DEAD_LETTERS_LISTED = 100
