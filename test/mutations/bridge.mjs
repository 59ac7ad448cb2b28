/** What the pane bridge believes, and whom it tells. Same form as `GUARDS`. */
export const BRIDGE_GUARDS = []
