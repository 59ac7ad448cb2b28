import type { JsonObject } from '../canonical-json.js'
import type { Envelope } from '../envelope.js'
import type { BotAlert } from '../bots.js'
import type { ChangeView } from '../change.js'
import type { ConfigDocument } from '../heads.js'
import type { FieldDifference } from './approvals.js'

/** Who verified a value. `not-by-caller`: the caller still has to. Only the CLI prints `by-caller` (by itself) and `by-sidecar`. */
export type Verification = 'not-by-caller' | 'by-caller' | 'by-sidecar'

/** Header with the `Verification` of every read of values over HTTP. */
export const VERIFICATION_HEADER = 'hms-verification'
/** Header with the documents (`policy@scope`, comma-separated) that config-store omits because their stored form does not verify. */
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
   * `not-by-caller`: config-store verified the value, and the receiver has not. A reader that must not trust config-store verifies the
   * signed documents of `GET /v1/snapshot` itself, as SDK and side-car do. Missing if the value comes from the reader's own process.
   */
  verification?: Verification
  provenance: {
    run: number | null
    digest: string
    author: string | null
    approvedBy: string[]
    /** Set if the author approved alone, as the roster permits. */
    soleOfficial?: true
    /** Break-glass release: neither replayed nor tested by a canary. `reason` is `null` if a rollback reinstated it. */
    breakGlass?: { reason: string | null }
    /** Change that put the release in force. Missing in responses of earlier builds. */
    change?: ChangeView
  }
}

/** Response of `POST /v1/policies/{id}/restore`: a document restored to its signed form, and the source. `place` is `policy@scope`. */
export interface RestoredDocument {
  place: string
  /** `seq` of its head. */
  seq: number
  from: 'database' | 'topic'
}

/** Response of `GET /v1/policies/{id}?at=&known=` and `?version=`: a release that was in force for all, with its proof. */
export interface PastPolicyView extends Omit<PolicyView, 'source'> {
  source: 'history'
  /** When another release replaced it, by what was known at `known`; `null` if none did. */
  until: string | null
  /** When config-store stored the head that put it in force. */
  recordedAt: string
  /** Head and releases as sent to readers. */
  record: ConfigDocument
}

/**
 * Entry of `GET /v1/policies/{id}/history`: a release that was in force for all, and when. `version` is `null` while the policy was
 * withdrawn. `from` is in the future for a release with a future effective time. Earlier builds omit cause, names and reason.
 */
export interface PolicyHistoryEntry extends Partial<ChangeView> {
  version: string | null
  /** Release digest. */
  digest: string | null
  run: number | null
  /** `seq` of the head that put it in force. */
  seq: number
  revision: number
  author: string | null
  approvedBy: string[]
  from: string
  until: string | null
  /** When config-store stored that head; earlier than `from` for a release that had a future effective time. */
  recordedAt: string
  /** Differences to the previously effective release; every field for a first version. */
  differences: FieldDifference[]
  /** Rollout's signed statement about the change; missing for changes stored by earlier builds. */
  change?: Envelope
  /** With `signed=true`: the head that put it in force, with its releases, as sent to readers. */
  record?: ConfigDocument
}

/** Policy view of a side-car: adds the trust in the value, and omits members that signatures do not cover. */
export interface LocalPolicyView extends Omit<PolicyView, 'provenance' | 'since'> {
  state: 'READY' | 'STALE'
  /** Milliseconds since the server last confirmed the value, or since the disk copy was written. */
  ageMs: number
  trust: 'pinned' | 'first-use'
  /** Code of the trust problem that makes the value STALE, if any. */
  code?: string
}

/** Body of `POST /v1/rollbacks`. Response: `revision` is the highest that a config-store assigned, `stored` each instance's result. */
export interface RollbackRequest {
  policy: string
  version: string
  only?: boolean
  /** Internal reason: recorded in the audit log, and visible to users of the installation. */
  reason?: string
  /** Reason sent to partners. */
  publicReason?: string
}
/** A policy that a rollback changes, with its versions before and after. */
export interface RollbackMove {
  id: string
  from: string | null
  version: string
}
/** Response of `GET /v1/rollbacks/preview?policy=ID&version=V[&only=true]`: the policies that this rollback would change now. */
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

/** Output of `withdraw --json`. While signatures are missing: state `AWAITING_APPROVAL`, `seq` is `null`, nothing was stored. */
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
export interface RollbackReport extends Pick<RollbackResult, 'id' | 'version' | 'revision' | 'moved'> {
  seconds: number
  acknowledged: number
  silent: string[]
  /** `by-caller`: the signed heads of these versions were verified after the rollback. */
  verification: Verification
}

/** Response of `GET /v1/coverage?policy=ID[&revision=R&waitMs=M][&bots=all[&named=TEXT]]`, once no bot lags or after `waitMs`. */
export interface CoverageView {
  policy: string
  revision: number
  total: number
  current: number
  /** Bots without the current release acknowledged. */
  lagging: LaggingBotView[]
  /** Counts by region; empty name for bots without one. */
  regions: { region: string; total: number; current: number }[]
  /** Counts by acknowledged release; `null` for bots that apply none or have not acknowledged. */
  versions: { version: string | null; digest: string | null; total: number }[]
  /** Connections without a bot's name: not in `total`, because they acknowledge nothing. Readers of the topic are not counted. */
  seen: SeenReaders
  /** Bots disconnected for up to 7 days that did not acknowledge their release in force. Not in `total`; ignored by gates and verdicts. */
  left?: LeftBotView[]
  /** Set if readers refuse the live release by the roster in force. Readers that have it are STALE; new readers cannot load it. */
  refused?: { version: string; detail: string }
  /** With `bots=all` and at most `MAX_NAMED_BOTS` of them: each connected bot, by id. `digest` and `version`: last acknowledged. */
  bots?: { id: string; region: string; digest: string | null; version: string | null; state: CoveredState }[]
  /** With `bots=all` and more bots: their counts by region and acknowledged release, the largest `MAX_NAMED_BOTS` first. */
  cells?: { region: string; digest: string | null; version: string | null; total: number; current: number }[]
}

/** `stale`: acknowledged another release than the one in force for it. `silent`: connected, and has acknowledged nothing. */
export type CoveredState = 'current' | 'stale' | 'silent'

export const MAX_NAMED_BOTS = 500

export interface LaggingBotView {
  id: string
  region: string
  /** Revision of its last acknowledgement; 0 without one. */
  revision: number
  /** When it connected or last acknowledged. */
  since: string
  /** Release that it last acknowledged. */
  digest: string | null
  version: string | null
}

export interface LeftBotView extends LaggingBotView {
  leftAt: string
}

/** Open connections, by transport. */
export interface SeenReaders {
  stream: number
  events: number
  /** OFREP clients that are notified of changes. A client that only polls holds no connection. */
  ofrep: number
}

/**
 * Frame of `GET /v1/stream` and `/v1/events`. `changes`, for people and simple programs: releases that `documents` put in force when sent;
 * in a `change` without documents, those whose effective time has come. `heartbeat` and `goodbye` omit both; a reader treats both as empty.
 */
export interface StreamFrame {
  /** `snapshot` replaces all documents, `change` adds or replaces some, `heartbeat` proves liveness, `goodbye` is last before a stop. */
  type: 'snapshot' | 'change' | 'heartbeat' | 'goodbye'
  revision: number
  changes: { id: string; version: string | null; digest: string | null; scope: string }[]
  documents: ConfigDocument[]
  /** In a `change`: trace of the newest revision in the frame (W3C Trace Context). */
  traceparent?: string
  /** Rollout's newest freshness statement: in a heartbeat, or in the `change` with the heads that it covers; never before that change. */
  freshness?: Envelope
  /** In a `goodbye`: how long this reader should wait before reconnecting, randomised per reader. */
  retryMs?: number
  /** For a reader that named its policies: unnamed ones in `documents`, stored together with them. It drops other unnamed policies. */
  along?: string[]
  /** For a reader that named policies, when the freshness statement's heads change: proof of each policy's row among all stable heads. */
  standing?: Record<string, StandingProof>
  /** In a page of a snapshot that is not the last: `policy@scope` of the last document, after which the next page starts. */
  next?: string
  /** In a snapshot: `policy@scope` of documents omitted because their stored form does not verify. At most 100. */
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

/** The policy's row; without a stable head the two rows around its position, one at either end of the tree, none in an empty tree. */
export type StandingProof = StandingRow[]

/** Maximum policies that a reader may name: more would not fit into a URL. */
export const MAX_POLICIES_OF_READER = 100

/** Request header of a read. An instance behind this revision waits for it; after the wait it responds `STORE_BEHIND` (503). */
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
  /** Digests of received releases that take effect later, per policy. */
  held?: Record<string, string[]>
  /** Set if this reader hashes the `cohortKey` of a canary head for its bucket; without it, the reader hashes the policy id. */
  cohortKey?: true
}

/** Response to `POST /v1/heads` (body: `IssuedHeads`). */
export interface HeadReceipt {
  /** Revision of the stored heads, also if an earlier event or call stored them. */
  revision: number
  /** Whether this call stored them. */
  applied: boolean
  /** When they were stored; absent if newer heads were. */
  storedAt?: string
}

export interface AlertReceipt {
  id: string
  accepted: true
}
export type AlertRequest = BotAlert
