export { ABORTED_RUNS } from './control/aborted-runs.js'
export type { OwnEffect, Stage } from './shell/stage.js'
export * from './shell/stage-shell.js'
export * from './stage-tables.js'
