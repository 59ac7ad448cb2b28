export * from './attestations/unattested-here.js'
export * from './control/aborted-runs.js'
export * from './control/decisions.js'
export * from './guard/denied-by-guard.js'
