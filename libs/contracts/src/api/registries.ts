import type { JsonObject } from '../canonical-json.js'
import type { SignedStatement } from '../change.js'
import type { ApprovalMember, LoggedRelease } from '../log-proof.js'
import type { LintFinding } from '../run-dossier.js'
import type { LogProof } from '../log-proof.js'
import type { Envelope } from '../envelope.js'

/** `POST /v1/lint`. `pointer`: where in the policy it stands. */
export interface LintReport {
  findings: (LintFinding & { pointer?: string })[]
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

/** `POST /v1/partners`, from the parsed YAML of `partners add`, secrets resolved by the CLI: a known id is replaced. */
export interface PartnerRegistration {
  id: string
  name: string
  groups?: string[]
  /** In order of preference. */
  channels: ChannelRegistration[]
  /** `all`, the default: each message on every channel. `first`: on the first channel that takes it. */
  deliver?: 'all' | 'first'
  /** Email address of the people who are told when news cannot be delivered. */
  contact?: string
  /** Messages a second, at most. */
  rate?: number
  lane?: 'latest' | 'every'
  networks?: string[]
}

export type ChannelRegistration =
  | { webhook: { url: string; secret: string } }
  | { email: { to: string } }
  | { sftp: { host: string; port?: number; user: string; hostKey: string; dir: string; key: string } }
  | { a2a: { url: string; secret: string } }

/** Summaries never carry secrets. */
export interface PartnerSummary {
  id: string
  name: string
  groups: string[]
  /** Their kinds, numbered from the second of a kind on: `webhook`, `webhook-2`, `email`. */
  channels: string[]
  deliver: 'all' | 'first'
  contact: string | null
  rate: number
  lane: 'latest' | 'every'
  /** Addresses that take no more mail, by their own wish. */
  unsubscribed: { address: string; at: string }[]
  /** "All partners" of a plan leaves it out, because it is in a group of the tickets' ladder: a plan names it, or a group of it. */
  onlyWhereNamed?: true
  addedAt: string
}

/** `GET` and `POST /v1/unsubscribes/{token}`. */
export interface UnsubscribeView {
  partner: string
  address: string
  /** `null`: it takes mail. */
  unsubscribedAt: string | null
}

/** `POST /v1/partners/{id}/resubscribe`. */
export interface ResubscribeRequest {
  address: string
  reason: string
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
  /** What people did by it; with `acts=true`, where the log keeps its event. */
  acts?: AuditAct[]
  /** The event as its service signed it; with `signed=true`, where the log keeps it. */
  signed?: Envelope
}

/** What somebody did, why, and what they signed. */
export interface AuditAct {
  /** Names of people, of a key, or of a service. */
  by: string[]
  /** `reject`, `promote`, `rollback` … */
  decision: string
  reason: string | null
  publicReason?: string
  /** Empty for a key, and for a service. */
  statements: SignedStatement[]
}

/** A release as config-store keeps it for good; all `null` where there is none. */
export interface ReleaseRecord {
  version: string | null
  release: Envelope | null
  proof: LogProof | null
  author: string | null
  approvedBy: string[]
}

/** `GET /v1/history`: a head that was live for all, with the release that it made so; `null` for a withdrawal. */
export interface LiveRecord extends ReleaseRecord {
  policy: string
  seq: number
  revision: number
  /** Digest of the release. */
  digest: string | null
  run: number | null
  /** RFC 3339, the database's clock. */
  storedAt: string
  head: Envelope
  /** Why it was issued, signed by rollout; missing in what an earlier build wrote. */
  change?: Envelope
  /**
   * What the head holds for the time that its `next` names; it came into force then, where no other head was stored before. Missing in
   * what an earlier build wrote.
   */
  next?: HeldRecord | null
}

export interface HeldRecord extends ReleaseRecord {
  /** Digest of the release. */
  digest: string
}

/**
 * `GET /v1/audit/attestations?run=N`: what a stage or the guard said of a run's releases, as it signed it. `type` is of the event that
 * brought it.
 */
export interface StageAttestation {
  run: number | null
  attempt: number | null
  source: string
  type: string
  /** DSSE around in-toto's `test-result/v0.1` or `svr/v0.2`; the subjects are the releases, by release digest. */
  envelope: Envelope
}

/** That the log holds the approval of a release; to be checked by anyone who has the roster. */
export interface AuditProof {
  /** Release digest. */
  digest: string
  policy: string
  version: string
  /** The log's entry, byte for byte what was hashed; it names the releases of the approval by the root of a tree over them. */
  entry: string
  /** C2SP tlog-proof. */
  proof: string
  /** Where this release stands in that tree. */
  member: ApprovalMember
}

/** `GET /v1/audit/releases?run=N`: what the approvals of a run are of, entry by entry; each list has the root that its entry names. */
export interface ApprovedReleases {
  /** Of the entry. */
  index: number
  /** In the order of the tree. */
  releases: LoggedRelease[]
}

/** What `topics list` says of a topic. */
export interface TopicReport {
  name: string
  purpose: string
  partitions: number
  /** That the log holds. */
  messages: number
  /** Events of the last 15 minutes of the clock, the oldest first; the last is the minute under way. */
  perMinute: number[]
  /** `seconds`: `null` of a group whose service does not say. */
  lag: (Omit<TopicGroup, 'seconds'> & { seconds: number | null })[]
  /** Dead letters of the topic that wait for a person, of the services that answered. */
  letters: number
}

/** `GET /v1/topics`: what is written to a topic, and how far its readers are. */
export interface TopicActivity {
  topic: string
  /** That the log holds. */
  messages: number
  groups: TopicGroup[]
  /** Events of the last 15 minutes of the clock, the oldest first; the last is the minute under way. */
  perMinute: number[]
}

/** `seconds`: age of the oldest event not handled; 0 where the process that answers cannot know it. `oldest`: that event, likewise. */
export interface TopicGroup {
  group: string
  messages: number
  seconds: number
  oldest?: { run: number | null; at: string }
}

/** `GET /v1/topics/records`: what lies in topics, the oldest first. Only an embedded bus answers it; of Kafka the broker does. */
export interface TopicRecords {
  records: TopicRecord[]
  /** Pass it as `after` for what comes behind. */
  next: string
}

/** A message for people who look into a topic. No signature was checked: nothing may be decided on it. */
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
  /** `null` of a tombstone, and of what is no event of ours. */
  data: unknown
}

/** `GET /v1/groups/{service}`: how far one service is in each topic that it reads, by its own word. */
export interface ServiceLag {
  topic: string
  messages: number
  groups: TopicGroup[]
}
