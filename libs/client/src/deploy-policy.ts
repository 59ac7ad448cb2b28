import {
  HmsError,
  stepsOf,
  type ApprovalView,
  type Envelope,
  type PreparedApproval,
  type RunView,
  type Verification,
} from '#libs/contracts'
import { ApiClient } from './api/api-client.js'
import { clientFromEnvironment, signedBy } from './api/authorization.js'
import { chooseSigner } from './approve/choose-signer.js'
import { followRun, RunError } from './approve/follow-run.js'
import { PLAN_OPTIONS, planOptions, type PlanInput } from './approve/plan-options.js'
import { prepareApproval, prepareAs } from './approve/prepare-approval.js'
import { readPolicies } from './approve/read-policies.js'
import { signApproval, submitApproval } from './approve/submit-approval.js'
import type { ClientConfig } from './client.config.js'
import { optionNames, requireKnownOptions } from './known-options.js'
import { verifyReported } from './live/verify-reported.js'
import { readRoster } from '#libs/signing'
import { readIfThere } from './keys/files.js'
import { rosterFile } from './keys/identity.js'

export interface DeployOptions extends PlanInput {
  file?: string
  /** Files of a bundle, whose policies go live together or not at all. */
  files?: string[]
  /** Name of the signing key. */
  sign?: string
  /** Passphrase of the key. Default: `HMS_KEY_PASSPHRASE`, else the passphrase that profile dev stored beside its keys. */
  passphrase?: string
  author?: string
  reason?: string
  /** Whether to queue behind the active run of the policy instead of being rejected. */
  queue?: boolean
  /** Whether to end the active runs of these policies once all people have signed. */
  supersede?: boolean
  /** Called with what the bytes contain, also what no option set, such as the default plan. If it throws or rejects, nothing is signed. */
  beforeSigning?: (contents: Pick<PreparedApproval, 'digest' | 'plan' | 'authors'>) => void | Promise<void>
  onProgress?: (run: RunView) => void
  /** `false`: resolves as soon as the signature is accepted. */
  wait?: boolean
  /** Timeout in ms for the end of the run. Default: the plan's observation and bake times, plus 30 minutes. */
  timeoutMs?: number
  url?: string
}

/** Run that succeeded. `verification`: whether the signed heads were verified to put the signed releases in force. */
export type DeployedRun = RunView & { verification: Verification }

const FILE_OPTIONS = ['file', 'files', 'sign', 'passphrase', 'author', 'reason'] as const
const RUN_OPTIONS = ['queue', 'supersede', 'beforeSigning', 'onProgress', 'wait', 'timeoutMs', 'url'] as const
const OPTIONS = optionNames<DeployOptions>()(...FILE_OPTIONS, ...PLAN_OPTIONS, ...RUN_OPTIONS)

const OTHER_STAGES_MS = 30 * 60_000

/**
 * Signs policies and follows their run. Resolves with the SUCCEEDED run, or with the approval's state (`wait: false`). Rejects with
 * `RunError` (`HMS_RUN_<STATE>`, with `run`) when the run ended otherwise or was paused, or at the timeout, after which the run continues.
 * With the roster of HMS_ROSTER, else of a loopback address, the signed heads are verified. Throws `HMS_VERIFY_PRESENT` (502) for others.
 */
export function deployPolicy(options: DeployOptions & { wait: false }): Promise<ApprovalView>
export function deployPolicy(options: DeployOptions): Promise<DeployedRun>
export async function deployPolicy(options: DeployOptions): Promise<DeployedRun | ApprovalView> {
  requireKnownOptions('deployPolicy', options, OPTIONS)
  const { config, api } = clientFromEnvironment(options.url)
  const plan = planOptions(options)
  const policies = await readPolicies([options.file ?? [], options.files ?? []].flat())
  const signer = await chooseSigner(config, { name: options.sign, passphrase: options.passphrase })
  const asSigner = async (): Promise<ApiClient> =>
    new ApiClient({ url: api.url, authorize: signedBy(signer, await installationOf(config)) })
  const prepared = await prepareAs(api, asSigner, (client) =>
    prepareApproval(client, policies, plan, { author: options.author, queue: options.queue, supersede: options.supersede }),
  )
  const { digest, plan: chosen, authors } = prepared
  await options.beforeSigning?.({ digest, plan: chosen, authors }) // guard: deploy-before-signing
  const approval = await submitApproval(api, prepared, await signApproval(prepared, signer), { reason: options.reason })
  if (options.wait === false) return approval
  if (approval.run === null)
    throw new HmsError('HMS_APPROVAL_INCOMPLETE', 'the signature was accepted, but the response names no run', { status: 502 })
  const timeoutMs = options.timeoutMs ?? chosen.observeMs * stepsOf(chosen).length + chosen.bakeMs + OTHER_STAGES_MS
  const run = await followRun(api, approval.run, { onView: options.onProgress, timeoutMs })
  if (run.state !== 'SUCCEEDED') throw new RunError(run)
  const trust = { pinned: config.roster, cacheDir: config.cacheDir, waitMs: options.timeoutMs }
  return { ...run, verification: (await verifyReported(api, prepared.releases, trust)).verification }
}

/** Reads the installation from the roster of HMS_ROSTER or the data folder; never asks a service. Throws `HMS_ROSTER_REQUIRED` (400). */
async function installationOf({ roster, dataDir }: Pick<ClientConfig, 'roster' | 'dataDir'>): Promise<string> {
  const file = roster ?? rosterFile(dataDir)
  const text = await readIfThere(file)
  if (text !== undefined) return readRoster(JSON.parse(text) as Envelope).installation
  const detail = `A request is signed for one installation, which the roster names; ${file} is missing. Set HMS_ROSTER to its file.`
  throw new HmsError('HMS_ROSTER_REQUIRED', detail, { status: 400, next: ['hms-svc help environment'] })
}
