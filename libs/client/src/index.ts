export { HmsError } from '#libs/contracts'
export type {
  ApprovalView,
  Json,
  JsonObject,
  RollbackMove,
  RollbackReport,
  RunDecision,
  RunDecisionName,
  RunStage,
  RunState,
  RunView,
} from '#libs/contracts'

export { connect, type ConnectOptions } from './connection/connect.js'
export type {
  AlertInput,
  ConnectionEvents,
  ConnectionState,
  Explanation,
  PolicyValue,
  ReadyOptions,
  ValueSource,
} from './connection/hms-connection.js'
export { deployPolicy, type DeployedRun, type DeployOptions } from './deploy-policy.js'
// Exported with `*`, so that a module declaration can extend `Policies`.
export * from './policy-types.js'
export type { TypedConnection as HmsConnection } from './policy-types.js'
export { getPolicy } from './get-policy.js'
export type { PolicyPromise } from './policy-promise.js'
export { rollbackPolicy, type RollbackOptions } from './rollback-policy.js'
export { decideRun, type DecideOptions } from './runs/decide-run.js'

// For the CLI and other tools that use the same API.
export { openConnection } from './connection/connect.js'
export type { HeldDocumentSource } from './connection/hms-connection.js'
export {
  ApiClient,
  fetchSnapshot,
  orMissing,
  readSnapshot,
  type ApiClientOptions,
  type Authorize,
  type EventsOptions,
  type PostOptions,
} from './api/api-client.js'
export { authorizationFrom, bearer, operatorKey, signedBy, statement } from './api/authorization.js'
export { isLoopback } from './api/loopback.js'
export { chooseSigner, defaultSigner, type SignerChoice } from './approve/choose-signer.js'
export { followRun, type FollowOptions, RunError } from './approve/follow-run.js'
export { parseDuration } from '#libs/contracts'
export { planOptions, type PlanInput } from './approve/plan-options.js'
export { prepareApproval, prepareBreakGlass, readApproval, type PrepareOptions, prepareAs } from './approve/prepare-approval.js'
export { readConsent, readConsentAndLive, readLive, unverified, type ConsentTrust, type LiveSource } from './live/read-live.js'
export { judgePresent, readPresent, type PresentValue } from './live/read-present.js'
export { verifyReported, type ReportedVersion } from './live/verify-reported.js'
export type { JudgedLive } from './live/judge-frame.js'
export { openRosters, openRostersIfAny } from './trust/open-rosters.js'
export { httpRosters, type PinnedRosters } from './trust/pinned-rosters.js'
export { systemClock, type Clock } from './clock.js'
export { readPolicies } from './approve/read-policies.js'
export { readPrepared, type ReadApproval } from './approve/read-prepared.js'
export { rejectApproval, signApproval, submitApproval, submitBreakGlass } from './approve/submit-approval.js'
export { readClientConfig, readUrl, type ClientConfig } from './client.config.js'
export { createDemoIdentity } from './keys/demo-identity.js'
export { PastPolicies, type PastQuery } from './history/past-policies.js'
export { verifyHistory, type JudgedEntry } from './history/verify-history.js'
export { loadIdentity, type Identity } from './keys/identity.js'
export { KeyError, type KeyErrorCode } from './keys/key-error.js'
export { SshAgent } from './keys/ssh-agent.js'
export {
  KeyFolder,
  type KeyEntry,
  type NamedSigner,
  type PublicKeyFile,
  dataFolderPassphrase,
  resolveKeysDir,
  type KeysDirSources,
} from './keys/key-folder.js'
export { previewRollback, rollBack, type UnverifiedReport } from './rollback-policy.js'
export {
  awaitRollback,
  prepareRollback,
  signRollback,
  withdrawPolicy,
  type PreparedRollback,
  type WithdrawOptions,
} from './rollback-signed.js'
export { ANSWER_MS, decide } from './runs/decide-run.js'
export * from './webhooks/index.js'
