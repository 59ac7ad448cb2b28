export { action, command, isOwnCommand, PRODUCT, type Action } from './actions.js'
export * from './bounds.js'
export * from './api/approvals.js'
export * from './api/dead-letters.js'
export * from './api/deliveries.js'
export * from './api/delivery.js'
export * from './api/ofrep.js'
export * from './api/partner-tests.js'
export * from './api/registries.js'
export * from './api/rosters.js'
export * from './api/simulation-impact.js'
export * from './api/simulations.js'
export * from './api/tokens.js'
export * from './audit-words.js'
export * from './bots.js'
export * from './canary-figures.js'
export * from './change.js'
export * from './canonical-json.js'
export * from './clock.js'
export * from './dossier.js'
export * from './duration.js'
export * from './bytes/node.js'
export * from './envelope.js'
export * from './event-record.js'
export * from './events.js'
export * from './exit-codes.js'
export * from './freezes.js'
export * from './heads.js'
export * from './group-by.js'
export * from './issued-heads.js'
export * from './log-proof.js'
export * from './metric-gates.js'
export * from './printable.js'
export * from './next-commands.js'
export * from './problem.js'
export * from './read-bytes.js'
export * from './readiness.js'
export * from './remembered.js'
export * from './run-decisions.js'
export * from './run-dossier.js'
export * from './runs.js'
export * from './services.js'
export {
  describeKept,
  describePartners,
  describePassedStep,
  describeReplaced,
  describeReview,
  isCutOff,
  keptCommands,
  reviewCommands,
  stageLabel,
  stageOutcome,
  eventSummary,
  explain,
} from './stage-words.js'
export * from './statement-fields.js'
export * from './tickets.js'
export * from './topics.js'
