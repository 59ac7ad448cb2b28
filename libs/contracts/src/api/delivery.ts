import type { JsonObject } from '../canonical-json.js'
import type { Envelope } from '../envelope.js'
import type { BotAlert } from '../bots.js'
import type { ChangeView } from '../change.js'
import type { ConfigDocument } from '../heads.js'
import type { FieldDifference } from './approvals.js'

/**
 * Verifier of a response. `not-by-caller` leaves signatures, log and freshness for the caller to check. Only the CLI uses `by-caller` (it
 * verified itself) and `by-sidecar` (a side-car on the same machine did).
 */
export type Verification = 'not-by-caller' | 'by-caller' | 'by-sidecar'

/** Header with the `Verification` of every read of values over HTTP. */
export const VERIFICATION_HEADER = 'hms-verification'
/** Header with a comma-separated list of places (`policy@scope`) that config-store omits because their stored documents do not verify. */
export const UNVERIFIED_HEADER = 'hms-unverified'
export const NOT_BY_CALLER = 'not-by-caller' satisfies Verification

/** Output of `get --json`, and response of `GET /v1/policies/{id}`. */
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
   * config-store verified the value, the receiver has not. A reader that must not trust the store verifies the signed documents of `GET
   * /v1/snapshot` itself, as SDK and side-car do. Missing if the sender is the reader's own process.
   */
  verification?: Verification
  provenance: {
    run: number | null
    digest: string
    author: string | null
    approvedBy: string[]
    /** The author approved alone, as the roster allows. */
    soleOfficial?: true
    /** Break-glass release: neither replayed nor tested by a canary. `reason` is `null` if a rollback reinstated it. */
    breakGlass?: { reason: string | null }
    /** Cause of its coming into force. Missing in responses of earlier builds. */
    change?: ChangeView
  }
}

/** Response of `POST /v1/policies/{id}/restore`: a place (`policy@scope`) whose stored document is again the signed one, and its source. */
export interface RestoredDocument {
  place: string
  /** Number of its head. */
  seq: number
  from: 'database' | 'topic'
}

/** Response of `GET /v1/policies/{id}?at=&known=` and `?version=`: the release that was in force for all, with its proof. */
export interface PastPolicyView extends Omit<PolicyView, 'source'> {
  source: 'history'
  /** When another release replaced it, as known then; `null` if none did. */
  until: string | null
  /** When the head was stored that brought it into force. */
  recordedAt: string
  /** Head and releases as sent to readers. */
  record: ConfigDocument
}

/**
 * Response of `GET /v1/policies/{id}/history`: a release that was in force for all, and when. `version` is `null` while the policy was
 * withdrawn; `from` is in the future for a release that readers hold for later. An earlier build omits cause, names and reason.
 */
export interface PolicyHistoryEntry extends Partial<ChangeView> {
  version: string | null
  /** Release digest. */
  digest: string | null
  run: number | null
  /** Number of the head that brought it into force. */
  seq: number
  revision: number
  author: string | null
  approvedBy: string[]
  from: string
  until: string | null
  /** When that head was stored: before `from` for a release that was held for later. */
  recordedAt: string
  /** Differences to the previously effective release; every field for a first version. */
  differences: FieldDifference[]
  /** Rollout's signed statement about the change; missing for changes stored by earlier builds. */
  change?: Envelope
  /** With `signed=true`: the head that brought it into force, with its releases, as sent to readers. */
  record?: ConfigDocument
}

/** Policy view of a side-car: with the trust in the value, without members that the signatures do not cover. */
export interface LocalPolicyView extends Omit<PolicyView, 'provenance' | 'since'> {
  state: 'READY' | 'STALE'
  /** Milliseconds since the server, or the writing of the disk copy, last confirmed the value. */
  ageMs: number
  trust: 'pinned' | 'first-use'
  /** Code of the trust problem that makes it stale, if any. */
  code?: string
}

/**
 * Body of `POST /v1/rollbacks`. In the response, `revision` is the highest that a config-store assigned to the head; `stored` lists each
 * instance's result.
 */
export interface RollbackRequest {
  policy: string
  version: string
  only?: boolean
  /** Stored with the log, and visible to users of the installation. */
  reason?: string
  /** Reason sent to partners. */
  publicReason?: string
}
/** A policy that a rollback moves. */
export interface RollbackMove {
  id: string
  from: string | null
  version: string
}
/** Response of `GET /v1/rollbacks/preview?policy=ID&version=V[&only=true]`: the policies that this rollback would move now. */
export interface RollbackPreview {
  id: string
  version: string
  moved: RollbackMove[]
}
export interface RollbackResult {
  id: string
  version: string
  from: string | null
  /** Every policy rolled back, including the requested one. */
  moved?: RollbackMove[]
  seq: number
  digest: string
  revision: number
  stored: { url: string; ok: boolean; detail?: string }[]
}

/** Body of `POST /v1/withdrawals`: a person's signed decision `withdraw` about the release in force. */
export interface WithdrawalRequest {
  policy: string
  statement: Envelope
}

/**
 * Output of `withdraw --json`. While more signatures are required, the state is `AWAITING_APPROVAL`, `seq` is `null` and nothing was
 * stored.
 */
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

/** Output of `rollback --json`. */
export interface RollbackReport {
  id: string
  version: string
  revision: number
  seconds: number
  acknowledged: number
  silent: string[]
  /** Every policy rolled back, including the requested one. */
  moved?: RollbackMove[]
}

/**
 * Response of `GET /v1/coverage?policy=ID[&revision=R&waitMs=M]`. With `revision` it returns when no bot is behind it, or after the wait.
 */
export interface CoverageView {
  policy: string
  revision: number
  total: number
  current: number
  /** Bots that are behind, or connected and silent (`revision` 0). `digest` and `version` are of the release last acknowledged. */
  lagging: { id: string; region: string; revision: number; since: string; digest: string | null; version: string | null }[]
  /** Counts by region; empty name for bots without one. */
  regions: { region: string; total: number; current: number }[]
  /** Counts by acknowledged release; `null` for bots that apply none or have not acknowledged. */
  versions: { version: string | null; digest: string | null; total: number }[]
  /** Readers not in `total`: without a bot's name, so they acknowledge nothing. Readers of the topic are unknown. */
  seen: SeenReaders
  /**
   * Beside `total`: bots that left in the last seven days before they had acknowledged what was in force for them, and have not returned.
   * They count for no gate and no verdict. `digest` and `version`: of the release that they applied then.
   */
  left?: LeftBotView[]
  /** Set where readers refuse the live release by the roster in force: those that hold it are STALE, new ones cannot read it. */
  refused?: { version: string; detail: string }
}

export interface LeftBotView {
  id: string
  region: string
  /** Revision of its last acknowledgement; 0 without one. */
  revision: number
  /** When it connected or last acknowledged. */
  since: string
  leftAt: string
  digest: string | null
  version: string | null
}

/** Open connections, by transport. */
export interface SeenReaders {
  stream: number
  events: number
  /** OFREP clients that are notified of changes. A client that only polls holds no connection. */
  ofrep: number
}

/**
 * Frame of `GET /v1/stream` and `GET /v1/events` to the reader. `changes` is for people and simple programs: it lists what
 * the documents put in force when the frame was made; a `change` without documents lists held rules whose time has come. `heartbeat` and
 * `goodbye` are sent without `changes` and `documents`; a reader treats both as empty.
 */
export interface StreamFrame {
  /**
   * `snapshot` replaces all held documents; `change` adds; `heartbeat` proves liveness; `goodbye` is the last one before the server stops.
   */
  type: 'snapshot' | 'change' | 'heartbeat' | 'goodbye'
  revision: number
  changes: { id: string; version: string | null; digest: string | null; scope: string }[]
  documents: ConfigDocument[]
  /** In a `change`: the trace of its newest revision (W3C Trace Context). */
  traceparent?: string
  /** Rollout's newest statement on all stable heads: in a heartbeat, or in the `change` that it covers. Never before that change. */
  freshness?: Envelope
  /** In a `goodbye`: how long this reader should wait before reconnecting, randomised per reader. */
  retryMs?: number
  /**
   * For a reader with named policies, in snapshot and change: other policies included because they were stored together. Policies not
   * listed here are dropped by this reader.
   */
  along?: string[]
  /**
   * For a reader with named policies, with a freshness statement on other heads than before: the proof of each policy's position among all
   * stable heads.
   */
  standing?: Record<string, StandingProof>
  /** In a page of a snapshot that has more pages: the place (`policy@scope`) of its last document, after which the next page starts. */
  next?: string
  /** In a snapshot: places (`policy@scope`) omitted because their stored documents do not verify. At most 100. */
  unverified?: string[]
}

/** One stable head as a leaf of the tree that a freshness statement names, with the hashes up to its root, each in base64. */
export interface StandingRow {
  policy: string
  seq: number
  current: string | null
  index: number
  path: string[]
}

/**
 * The row of a policy. For a policy without stable head: the neighbouring rows of its position, one at either end, none in an empty tree.
 */
export type StandingProof = StandingRow[]

/** Maximum policies that a reader may name: more would not fit into a URL. */
export const MAX_POLICIES_OF_READER = 100

/** Request header of a read: an instance that has not reached this revision waits for it, and then responds with `STORE_BEHIND` (503). */
export const REVISION_HEADER = 'if-revision-at-least'
export const STORE_BEHIND = 'HMS_STORE_BEHIND'

/** A reader without a frame for this long is STALE; the heartbeat interval tolerates one lost heartbeat. */
export const SILENCE_MS = 5_000
export const HEARTBEAT_MS = 2_000

/** Body of `POST /v1/freshness`. */
export interface SignedFreshness {
  freshness: Envelope
}

/** Frame from a named bot to config-store: the applied release digest per policy, sent again in full after each reconnect. */
export interface AppliedFrame {
  type: 'applied'
  revision: number
  applied: Record<string, string>
  /** Release digests per policy held for a later time. */
  held?: Record<string, string[]>
  /** This reader's buckets hash the `cohortKey` of a canary head; without it, the policy id. */
  cohortKey?: true
}

/** Response to `POST /v1/heads` (body: `IssuedHeads`). */
export interface HeadReceipt {
  /** Revision of the stored heads, also if they had arrived by another path before. */
  revision: number
  /** Whether this call stored them. */
  applied: boolean
}

export interface AlertReceipt {
  id: string
  accepted: true
}
export type AlertRequest = BotAlert
