import type { JsonObject } from '../canonical-json.js'
import type { Envelope } from '../envelope.js'
import type { BotAlert } from '../bots.js'
import type { ChangeView } from '../change.js'
import type { ConfigDocument } from '../heads.js'
import type { FieldDifference } from './approvals.js'

/**
 * Who verified an answer: `not-by-caller` leaves signatures, log and freshness for the caller to check. Of the CLI alone: `by-caller`, as the
 * CLI did itself, and `by-sidecar`, as a side-car on the same machine did.
 */
export type Verification = 'not-by-caller' | 'by-caller' | 'by-sidecar'

/** Header of the same on every read of values over HTTP. */
export const VERIFICATION_HEADER = 'hms-verification'
/** Header that names, with commas, places (`policy@scope`) which config-store leaves out because what it stores there does not verify. */
export const UNVERIFIED_HEADER = 'hms-unverified'
export const NOT_BY_CALLER = 'not-by-caller' satisfies Verification

/** `get --json` and `GET /v1/policies/{id}`. */
export interface PolicyView {
  id: string
  version: string
  revision: number
  source: 'live' | 'cache' | 'disk' | 'default'
  scope: string
  /** When this release came into force in its scope. */
  since: string
  value: JsonObject
  /**
   * config-store verified what it shows, and whoever received this has not: a reader that must not trust the store checks the signed
   * documents of `GET /v1/snapshot` itself, as SDK and side-car do. Missing where the sender is the reader's own process.
   */
  verification?: Verification
  provenance: {
    run: number | null
    digest: string
    author: string | null
    approvedBy: string[]
    /** The author approved alone, as the roster allows. */
    soleOfficial?: true
    /** Neither replayed nor tried by a canary: people broke the glass, and why; `null` where a rollback brought back what came so. */
    breakGlass?: { reason: string | null }
    /** What brought it into force. Missing in what an earlier build answers. */
    change?: ChangeView
  }
}

/** `POST /v1/policies/{id}/restore`: a place (`policy@scope`) that is again what is signed, and where that was found. */
export interface RestoredDocument {
  place: string
  /** Number of its head. */
  seq: number
  from: 'database' | 'topic'
}

/** `GET /v1/policies/{id}?at=&known=` and `?version=`: what was in force for all, with what proves it. */
export interface PastPolicyView extends Omit<PolicyView, 'source'> {
  source: 'history'
  /** When another release took its place, as far as it was known; `null` where none did. */
  until: string | null
  /** When the head was stored by which it came into force. */
  recordedAt: string
  /** The head and its releases as readers got them. */
  record: ConfigDocument
}

/**
 * `GET /v1/policies/{id}/history`: a release that was in force for all, and when. `version` is `null` while the policy was withdrawn;
 * `from` lies ahead for one that readers hold for later. An earlier build answers without cause, names and reason.
 */
export interface PolicyHistoryEntry extends Partial<ChangeView> {
  version: string | null
  /** Release digest. */
  digest: string | null
  run: number | null
  /** Of the head that brought it into force. */
  seq: number
  revision: number
  author: string | null
  approvedBy: string[]
  from: string
  until: string | null
  /** When the head was stored that says so: before `from` for a release that was held for later. */
  recordedAt: string
  /** Against what was in force before; every field of a first version. */
  differences: FieldDifference[]
  /** What rollout signed about the change; missing for what earlier builds stored. */
  change?: Envelope
}

/** The same from a side-car: it can say how far to trust the value, and leaves out what the signatures do not tell. */
export interface LocalPolicyView extends Omit<PolicyView, 'provenance' | 'since'> {
  state: 'READY' | 'STALE'
  /** Milliseconds since the server, or the writing of the copy on disk, last confirmed the value. */
  ageMs: number
  trust: 'pinned' | 'first-use'
  /** Why it is stale, where the reason is one of trust. */
  code?: string
}

/** `POST /v1/rollbacks`. `revision` is the highest that a config-store gave the head; `stored` lists what each instance said. */
export interface RollbackRequest {
  policy: string
  version: string
  only?: boolean
  /** Kept with the log, shown to people of the installation. */
  reason?: string
  /** What partners are told. */
  publicReason?: string
}
/** A policy that a rollback moves. */
export interface RollbackMove {
  id: string
  from: string | null
  version: string
}
/** `GET /v1/rollbacks/preview?policy=ID&version=V[&only=true]`: what the same rollback would move now. */
export interface RollbackPreview {
  id: string
  version: string
  moved: RollbackMove[]
}
export interface RollbackResult {
  id: string
  version: string
  from: string | null
  /** Every policy that went back, the one that was named among them. */
  moved?: RollbackMove[]
  seq: number
  digest: string
  revision: number
  stored: { url: string; ok: boolean; detail?: string }[]
}

/** `POST /v1/withdrawals`: a person's signed decision `withdraw` about the release in force. */
export interface WithdrawalRequest {
  policy: string
  statement: Envelope
}

/** `withdraw --json`. While others have to sign too the state is `AWAITING_APPROVAL`, `seq` is `null` and nothing was stored. */
export interface WithdrawalResult {
  id: string
  version: string
  state: 'WITHDRAWN' | 'AWAITING_APPROVAL'
  signedBy: string[]
  missing: string[]
  seq: number | null
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
  /** Every policy that went back, the one that was named among them. */
  moved?: RollbackMove[]
}

/** `GET /v1/coverage?policy=ID[&revision=R&waitMs=M]`: with `revision` it answers when none lags behind it, or when the wait is over. */
export interface CoverageView {
  policy: string
  revision: number
  total: number
  current: number
  /** Behind, or connected and silent (`revision` 0). `digest` and `version`: of the release that it said it applies. */
  lagging: { id: string; region: string; revision: number; since: string; digest: string | null; version: string | null }[]
  /** By region, the empty one for bots that name none. */
  regions: { region: string; total: number; current: number }[]
  /** By the release that bots said they apply; `null` for those that apply none, or have said nothing. */
  versions: { version: string | null; digest: string | null; total: number }[]
  /** Beside `total`: readers without a bot's name, which get the policy and acknowledge nothing. Who reads the topic nobody knows. */
  seen: SeenReaders
}

/** Open connections, by transport. */
export interface SeenReaders {
  stream: number
  events: number
  /** Who hears by OFREP when to evaluate again. One that only asks holds no connection. */
  ofrep: number
}

/**
 * Frames of `GET /v1/stream` and `GET /v1/events` to the reader. `changes` is for people and simple programs. `heartbeat` and `goodbye` are
 * sent without `changes` and `documents`; a reader takes them for empty.
 */
export interface StreamFrame {
  /** `snapshot` replaces everything held; `change` adds; `heartbeat` proves life; `goodbye` is the last one before the server stops. */
  type: 'snapshot' | 'change' | 'heartbeat' | 'goodbye'
  revision: number
  changes: { id: string; version: string | null; digest: string | null; scope: string }[]
  documents: ConfigDocument[]
  /** Of a `change`: the trace in which its newest revision was made (W3C Trace Context). */
  traceparent?: string
  /** Rollout's newest statement on all stable heads: in a heartbeat, or in the `change` that it speaks of. Never before that change. */
  freshness?: Envelope
  /** Of a `goodbye`: how long this reader should wait before it connects again, drawn by chance for each. */
  retryMs?: number
  /**
   * To a reader that named policies, in snapshot and change: others that come along with these, for they were stored together. What it does
   * not name is over for this reader.
   */
  along?: string[]
  /** To a reader that named policies, beside a statement on other heads than before: where each of them stands among all stable heads. */
  standing?: Record<string, StandingProof>
  /** Of a page of a snapshot that others follow: the place (`policy@scope`) of its last document, which the next page comes after. */
  next?: string
  /** Of a snapshot: places (`policy@scope`) that are left out, because what is stored there does not verify. At most 100. */
  unverified?: string[]
}

/** One stable head as a leaf of the tree that a freshness statement names, with the hashes that lead to its root, each in base64. */
export interface StandingRow {
  policy: string
  seq: number
  current: string | null
  index: number
  path: string[]
}

/** The row of a policy; where it has no stable head the rows beside its place, one at an end, none of an empty tree. */
export type StandingProof = StandingRow[]

/** Policies that a reader may name: more of them would not fit into an address. */
export const MAX_POLICIES_OF_READER = 100

/** Header of a read: an instance that has not seen this revision waits for it, and then says `STORE_BEHIND` (503). */
export const REVISION_HEADER = 'if-revision-at-least'
export const STORE_BEHIND = 'HMS_STORE_BEHIND'

/** Readers are STALE after so long without a frame, so heartbeats leave room for one that is lost. */
export const SILENCE_MS = 5_000
export const HEARTBEAT_MS = 2_000

/** Body of `POST /v1/freshness`. */
export interface SignedFreshness {
  freshness: Envelope
}

/** Frames from a named bot to config-store: the release digest it applies per policy, told again in full after each reconnect. */
export interface AppliedFrame {
  type: 'applied'
  revision: number
  applied: Record<string, string>
  /** Release digests per policy that it holds for a later time. */
  held?: Record<string, string[]>
  /** This reader's buckets hash the `cohortKey` of a canary head; without it, the policy id. */
  cohortKey?: true
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
