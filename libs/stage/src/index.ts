export { ABORTED_RUNS } from './control/aborted-runs.js'
export type { OwnEffect, Stage } from './shell/stage.js'
export * from './shell/stage-shell.js'
export { unattestedHere } from './attestations/unattested-here.js'
export { rememberAbort } from './control/aborted-runs.js'
export {
  abortedBefore as isAborted,
  answerDecision as answer,
  mayOwn,
  refusalOf as refusedHere,
  rememberDecision,
} from './control/decisions.js'
export { deniedByGuard } from './guard/denied-by-guard.js'
export { describeDecision } from '#libs/pipeline'
export * from './stage-tables.js'
