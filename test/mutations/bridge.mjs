/** Guards of the pane bridge; none yet. Same form as `GUARDS`. */
export const BRIDGE_GUARDS = []
