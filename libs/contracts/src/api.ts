import type { BotAlert, ConfigDocument, LintFinding, RolloutPlan } from './events.js'
import type { Json, JsonObject } from './canonical-json.js'
import type { RunState } from './runs.js'

/** `POST /v1/approvals/prepare`: approver allots the epoch and binds plan, previous version and fallbacks. */
export interface PrepareRequest {
  policies: JsonObject[]
  plan?: PlanOptions
  author?: string
  /** Wait behind the active run of the policy instead of being refused. */
  queue?: boolean
}

/** Plan options of a caller. What is left out is filled by approver's configuration. */
export interface PlanOptions {
  /** Basis points, 1 to 10,000. */
  share?: number
  scope?: string
  observeMs?: number
  bakeMs?: number
  partners?: string[]
  /** `ID@VERSION` each. */
  fallbacks?: string[]
}

export interface FieldDifference {
  field: string
  from?: Json
  to?: Json
  text: string
}

/** One release that waits for signatures: `payload` (base64 of the statement) is what is signed, as DSSE. */
export interface PreparedRelease {
  id: string
  version: string
  policyDigest: string
  digest: string
  payload: string
  live: string | null
  differences: FieldDifference[]
}

export interface PreparedApproval {
  /** Release digest; of a bundle the digest over its sorted release digests. */
  digest: string
  run: number | null
  state: RunState | 'PREPARED'
  releases: PreparedRelease[]
  plan: RolloutPlan
  missing: string[]
  signedBy: string[]
  expiresAt: string
}

/** `POST /v1/approvals`. One signature per release of the approval. */
export interface ApprovalRequest {
  digest: string
  signatures: { release: string; keyid: string; sig: string }[]
  reason?: string
}

/** `approve --json`. */
export interface ApprovalView {
  run: number | null
  state: RunState | 'PREPARED'
  digest: string
  missing: string[]
}

/** `approvals list --json`. */
export interface ApprovalSummary extends ApprovalView {
  policies: { id: string; version: string; digest: string }[]
  signedBy: string[]
  preparedAt: string
  expiresAt: string
}

/** `get --json` and `GET /v1/policies/{id}`. */
export interface PolicyView {
  id: string
  version: string
  revision: number
  source: 'live' | 'cache' | 'disk' | 'default'
  scope: string
  value: JsonObject
  provenance: { run: number | null; digest: string; author: string | null; approvedBy: string[] }
}

/** `POST /v1/rollbacks`. `revision` is the highest that a config-store gave the head; `stored` lists what each instance said. */
export interface RollbackRequest {
  policy: string
  version: string
  only?: boolean
  reason?: string
}
export interface RollbackResult {
  id: string
  version: string
  from: string | null
  seq: number
  digest: string
  revision: number
  stored: { url: string; ok: boolean; detail?: string }[]
}

/** `rollback --json`. */
export interface RollbackReport {
  id: string
  version: string
  revision: number
  seconds: number
  acknowledged: number
  silent: string[]
}

/** `GET /v1/coverage?policy=ID[&revision=R&waitMs=M]`: with `revision` it answers when none lags behind it, or when the wait is over. */
export interface CoverageView {
  policy: string
  revision: number
  total: number
  current: number
  lagging: { id: string; revision: number; since: string }[]
}

/** Frames of `GET /v1/stream` and `GET /v1/events` to the reader. `changes` is for people and simple programs. */
export interface StreamFrame {
  /** `snapshot` replaces everything held; `change` adds; `heartbeat` proves life. */
  type: 'snapshot' | 'change' | 'heartbeat'
  revision: number
  changes: { id: string; version: string | null; digest: string | null; scope: string }[]
  documents: ConfigDocument[]
}

/** Frames from a named bot to config-store: the release digest it applies per policy, told again in full after each reconnect. */
export interface AppliedFrame {
  type: 'applied'
  revision: number
  applied: Record<string, string>
}

/** Answer to `POST /v1/heads` (body: `IssuedHeads`). */
export interface HeadReceipt {
  /** Revision under which the heads are held, also when they had come by another path before. */
  revision: number
  /** Whether this call stored them. */
  applied: boolean
}

export interface AlertReceipt {
  id: string
  accepted: true
}
export type AlertRequest = BotAlert

export interface LintReport {
  findings: LintFinding[]
}

export interface SchemaRegistration {
  name: string
  schema: JsonObject
}

/** `bots add`, `scenarios add`, `corpora add`: the text of the file goes as it is; a known id is replaced. */
export interface BotRegistration {
  id: string
  source: string
  critical?: boolean
}
export interface BotSummary {
  id: string
  policies: string[]
  critical: boolean
  digest: string
  addedAt: string
}
export interface ScenarioRegistration {
  file: string
  source: string
}
export interface ScenarioSummary {
  id: string
  policies: string[]
  corpus: string
  alert: string
  addedAt: string
}
export interface CorpusRegistration {
  id: string
  format: 'csv' | 'jsonl'
  content: string
  map?: Record<string, string>
}
export interface CorpusSummary {
  id: string
  readings: number
  digest: string
  addedAt: string
}

/** `partners add`: the parsed YAML, secrets already resolved by the CLI. Summaries never carry secrets. */
export interface PartnerSummary {
  id: string
  name: string
  groups: string[]
  channels: string[]
  lane: 'latest' | 'every'
  addedAt: string
}
export interface DeliveryView {
  id: string
  partner: string
  run: number
  policy: string
  version: string
  channel: string
  state: 'pending' | 'delivered' | 'dead' | 'superseded'
  attempts: number
  lastStatus: number | null
  lastDetail: string | null
  nextAttemptAt: string | null
  deliveredAt: string | null
  createdAt: string
}

/** `audit log`: one recorded event. `leafHash` is RFC 6962 over the canonical entry. */
export interface AuditEntry {
  index: number
  at: string
  source: string
  type: string
  key: string
  run: number | null
  event: string
  digest: string
  leafHash: string
}

export interface TopicReport {
  name: string
  purpose: string
  partitions: number
  messages: number
  lag: { group: string; messages: number; seconds: number }[]
}
