import type { JsonObject } from '../canonical-json.js'
import type { SignedStatement } from '../change.js'
import type { LoggedRelease, LogProof } from '../log-proof.js'
import type { LintFinding } from '../run-dossier.js'
import type { Envelope } from '../envelope.js'

/** Response of `POST /v1/lint`. `pointer` is the finding's position in the policy. */
export interface LintReport {
  findings: (LintFinding & { pointer?: string })[]
}

export interface SchemaRegistration {
  name: string
  schema: JsonObject
}

/** Body of `bots add`. Like the bodies for scenarios and corpora, it contains the unchanged text of a file, and replaces a known id. */
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

/** News about a policy that a partner may ask for: its canary passed, it is in force, an earlier version is in force again. */
export const PARTNER_EVENTS = ['announced', 'updated', 'rolled-back'] as const
export type PartnerEvent = (typeof PARTNER_EVENTS)[number]

/** Body of `POST /v1/partners`: the parsed YAML of `partners add` with secrets resolved by the CLI. Replaces a partner with the same id. */
export interface PartnerRegistration {
  id: string
  name: string
  groups?: string[]
  /** Channels in order of preference. */
  channels: ChannelRegistration[]
  /** `all`, the default: each message on every channel. `first`: on the first channel that accepts it. */
  deliver?: 'all' | 'first'
  /** Email address of the people notified when a message cannot be delivered. */
  contact?: string
  /** Maximum messages per second. */
  rate?: number
  /** `latest`: a newer version replaces a waiting older one. `every`: strict first in, first out. */
  lane?: 'latest' | 'every'
  /** CIDRs of private networks in which the partner's channels may be. */
  networks?: string[]
  /** Default: `updated` and `rolled-back`. `updated` is sent to all; without `rolled-back` a rollback is sent as `updated`. */
  events?: PartnerEvent[]
}

export type ChannelRegistration =
  | { webhook: { url: string; secret: string } }
  | { email: { to: string } }
  | { sftp: { host: string; port?: number; user: string; hostKey: string; dir: string; key: string } }
  | { a2a: { url: string; secret: string } }
  | { agent2agent: { url: string; secret: string } }

/** Partner as listed; never contains secrets. */
export interface PartnerSummary
  extends Required<Pick<PartnerRegistration, 'id' | 'name' | 'groups' | 'deliver' | 'rate' | 'lane'>>, Pick<PartnerRegistration, 'events'> {
  /** Channel names: the kind, with a number from the second of a kind on: `webhook`, `webhook-2`, `email`. */
  channels: string[]
  contact: string | null
  /** Addresses unsubscribed by their owners. */
  unsubscribed: { address: string; at: string }[]
  /** Set for a partner in a group of `LADDER`: "all partners" of a plan excludes it, so a plan has to name it or one of its groups. */
  onlyWhereNamed?: true
  addedAt: string
}

/** Response of `GET` and `POST /v1/unsubscribes/{token}`. */
export interface UnsubscribeView {
  partner: string
  address: string
  /** `null` while subscribed. */
  unsubscribedAt: string | null
}

/** Body of `POST /v1/partners/{id}/resubscribe`. */
export interface ResubscribeRequest {
  address: string
  reason: string
}

/** Entry of `audit log`: one recorded event. `leafHash` is RFC 6962 over the canonical entry. */
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
  /** Only with `acts=true`: actions of people in the event; of an event that the log does not keep whole, the signers without reason. */
  acts?: AuditAct[]
  /** Only with `signed=true`, and while the log retains the event: the event as its service signed it. */
  signed?: Envelope
}

/** Action of a person, key or service, with reason and signed statements. */
export interface AuditAct {
  /** Names of people, of a key, or of a service. */
  by: string[]
  /** `sign`, `reject`, `promote`, `rollback` … */
  decision: string
  /** Policies that the act approved or put in force: `version` is `null` if none is in force after it, `from` a later effective time. */
  policies?: { id: string; version: string | null; from?: string }[]
  reason: string | null
  publicReason?: string
  /** Empty for a key or a service, and for an approval. */
  statements: SignedStatement[]
}

/** A release in config-store's permanent history. Its members are `null` for a head without release. */
export interface ReleaseRecord {
  version: string | null
  release: Envelope | null
  proof: LogProof | null
  author: string | null
  approvedBy: string[]
}

/** Entry of `GET /v1/history`: a stable head with its release; the members of the release are `null` for a withdrawal. */
export interface LiveRecord extends ReleaseRecord {
  policy: string
  seq: number
  revision: number
  /** Release digest. */
  digest: string | null
  run: number | null
  /** RFC 3339, the database's clock. */
  storedAt: string
  head: Envelope
  /** Reason for issuing the head, signed by rollout; missing in entries of earlier builds. */
  change?: Envelope
  /** Release in force from the time in the head's `next`, unless another head is stored before. Missing in entries of earlier builds. */
  next?: HeldRecord | null
}

export interface HeldRecord extends ReleaseRecord {
  /** Release digest. */
  digest: string
}

/** Entry of `GET /v1/audit/attestations?run=N`: statement signed by a stage or the guard about a run. `type`: type of its event. */
export interface StageAttestation {
  run: number | null
  attempt: number | null
  source: string
  type: string
  /** DSSE around in-toto's `test-result/v0.1` or `svr/v0.2`; the subjects are the releases, by release digest. */
  envelope: Envelope
}

/** Proof that the log contains the approval of a release; verifiable with the roster. */
export interface AuditProof extends LoggedRelease, LogProof {}

/** Entry of `GET /v1/audit/releases?run=N`: the releases of one approval of a run. Their tree has the root in the log entry. */
export interface ApprovedReleases {
  /** Index of the log entry. */
  index: number
  /** Releases in the order of the tree. */
  releases: LoggedRelease[]
}

/** Topic as reported by `topics list`. */
export interface TopicReport extends Pick<TopicActivity, 'messages' | 'perMinute'> {
  name: string
  purpose: string
  partitions: number
  /** Lag of each consumer group. `seconds` is `null` if the group's service does not report it. */
  lag: (Omit<TopicGroup, 'seconds'> & { seconds: number | null })[]
  /** Open dead letters of the topic, from the services that responded. */
  letters: number
}

/** Entry of `GET /v1/topics`: activity of a topic, and the lag of its groups. */
export interface TopicActivity extends ServiceLag {
  /** Events in each of the last 15 clock minutes, oldest first; the last entry is the current minute. */
  perMinute: number[]
}

/** Lag of a consumer group. `seconds`: age of the oldest unhandled event; 0 if the responding process cannot know. `oldest`: that event. */
export interface TopicGroup {
  group: string
  messages: number
  seconds: number
  oldest?: { run: number | null; at: string }
}

/** Response of `GET /v1/topics/records`: records of topics, oldest first. Served only by an embedded bus; with Kafka, query the broker. */
export interface TopicRecords {
  records: TopicRecord[]
  /** Value of `after` for the next page. */
  next: string
}

/** A message for inspection. Signatures are not verified, so no decision may depend on it. */
export interface TopicRecord {
  topic: string
  /** `partition:offset`. */
  position: string
  key: string | null
  type: string
  /** `/hms-svc/SERVICE`. */
  source: string
  id: string
  at: string
  run: number | null
  attempt: number | null
  /** All headers, such as `hms-summary` and `traceparent`; absent from services of earlier builds. */
  headers?: Record<string, string>
  /** `null` for a tombstone, and for a record that is not one of our events. */
  data: unknown
}

/** Entry of `GET /v1/groups/{service}`: a service's own lag in each topic that it reads. */
export interface ServiceLag {
  topic: string
  /** Messages in the log. */
  messages: number
  groups: TopicGroup[]
}
