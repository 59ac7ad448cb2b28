import { setTimeout } from 'node:timers/promises'
import { HmsError, MAX_POLICIES_OF_READER, type StreamFrame } from '#libs/contracts'
import type { PolicyDocument, VerifiedLive } from '#libs/policy'
import { FRESHNESS_AHEAD_MS, provesStanding, SignatureError, type FreshnessPredicate } from '#libs/signing'
import type { Clock } from '../clock.js'
import { HeldDocuments } from '../connection/held-documents.js'
import { parseFrame } from '../connection/parse-frame.js'
import type { RosterKeeper } from '../connection/trusted-copy.js'
import { DocumentTrust } from '../trust/document-trust.js'
import type { Doubt } from '../trust/freshness-watch.js'
import { ReaderTime } from '../trust/reader-time.js'

/** Whom to trust, and where documents come from. */
export interface LiveSource {
  rosters: RosterKeeper
  /** Body of `GET /v1/snapshot?revision=0` for these policies: documents, rollout's freshness statement, and proofs. */
  snapshot(ids: readonly string[]): Promise<unknown>
  clock: Clock
  /** Retry while the freshness statement is missing or differs from the heads; a store has none for 5 s after a start. Default 8 s. */
  waitMs?: number
}

const WAIT_MS = 8_000
const PAUSE_MS = 200

type Attempt = { live: Map<string, VerifiedLive>; isFinal: boolean }

/**
 * What is in force for all, by policy id. Verified as a reader verifies it, without its grace: the freshness statement must be there,
 * be current by this machine's clock too, and name exactly these heads. Never throws: what does not verify is returned with the reason.
 */
export async function readLive(ids: readonly string[], source: LiveSource): Promise<Map<string, VerifiedLive>> {
  const { clock, waitMs = WAIT_MS } = source
  const until = clock.elapsed() + waitMs
  const found = new Map<string, VerifiedLive>()
  for (let at = 0; at < ids.length; at += MAX_POLICIES_OF_READER) {
    const part = ids.slice(at, at + MAX_POLICIES_OF_READER)
    let attempt = await attemptRead(part, source)
    while (!attempt.isFinal && clock.elapsed() < until) {
      await setTimeout(PAUSE_MS)
      attempt = await attemptRead(part, source)
    }
    for (const [id, live] of attempt.live) found.set(id, live)
  }
  return found
}

/** The same reason for all: nothing could be read, or nobody is known to be trusted. */
export function unverified(ids: readonly string[], error: unknown): Map<string, VerifiedLive> {
  return new Map(ids.map((id) => [id, { kind: 'unverified', why: reasonOf(error) }]))
}

async function attemptRead(ids: readonly string[], source: LiveSource): Promise<Attempt> {
  try {
    const live = judged(ids, parseFrame(JSON.stringify(await source.snapshot(ids))), source)
    const isFinal = [...live.values()].every(({ kind }) => kind === 'verified')
    // A document may be signed by a roster that follows.
    if (!isFinal) await followRosters(source)
    return { live, isFinal }
  } catch (error) {
    const isFinal = !(error instanceof SignatureError || (error instanceof HmsError && error.retryable))
    if (!isFinal) await followRosters(source)
    return { live: unverified(ids, error), isFinal }
  }
}

/** Where none follows, or none that verifies, the last good one counts. */
async function followRosters({ rosters }: LiveSource): Promise<void> {
  await rosters.follow().catch(() => undefined)
}

function judged(ids: readonly string[], frame: StreamFrame, { rosters, clock }: LiveSource): Map<string, VerifiedLive> {
  const time = new ReaderTime(clock)
  const trust = new DocumentTrust(() => rosters.newest, time)
  if (frame.freshness === undefined) throw doubtful('HMS_FRESHNESS_MISSING', 'the server shows no freshness statement of rollout')
  const version = trust.hear(frame.freshness)
  if (version > rosters.newest.version)
    throw doubtful('HMS_ROSTER_VERSION', `rollout goes by roster ${version}, and roster ${rosters.newest.version} is the newest known here`)
  const held = new HeldDocuments(trust)
  const refusals = new Map<string, SignatureError>()
  for (const { document, error } of held.apply(frame.documents, time.now()))
    if (error.code !== 'HMS_RELEASE_NOT_EFFECTIVE') refusals.set(document?.id, error)
  const statement = currentStatement(trust, clock)
  const heads = new Map(held.stableHeads().map((head) => [head.policy, head]))
  const inForce = held.inForce({}, time.now())
  const liveOf = (id: string): VerifiedLive => {
    const refusal = refusals.get(id)
    if (refusal !== undefined) return { kind: 'unverified', why: reasonOf(refusal) }
    // Statements of earlier versions have no tree, and prove nothing of a few policies.
    if (statement.tree !== undefined && !provesStanding(statement.tree, id, heads.get(id), frame.standing?.[id])) {
      const detail = `rollout's freshness statement names another head of ${id} than the server shows`
      return { kind: 'unverified', why: reasonOf(doubtful('HMS_FRESHNESS_MIXED', detail)) }
    }
    const found = inForce.get(id)?.held
    if (found === undefined) return { kind: 'verified', release: null }
    const { value, head, document } = found
    return { kind: 'verified', release: { policy: value as PolicyDocument, digest: head.current!, payload: document.release!.payload } }
  }
  return new Map(ids.map((id) => [id, liveOf(id)]))
}

/**
 * A reader's time begins with what was signed, so an old statement with old documents would be whole to a reader that has just started. A
 * person who signs has a clock of their own.
 */
function currentStatement(trust: DocumentTrust, clock: Clock): FreshnessPredicate {
  let statement: FreshnessPredicate | undefined
  const doubt = trust.doubt((said) => {
    statement = said
    return true
  })
  if (statement !== undefined && !(clock.now() < Date.parse(statement.expires) + FRESHNESS_AHEAD_MS))
    throw doubtful(
      'HMS_FRESHNESS_EXPIRED',
      `the freshness statement of rollout was valid until ${statement.expires}: an old state is shown, or a clock is wrong`,
    )
  if (doubt === undefined && statement !== undefined) return statement
  throw doubtful(doubt ?? 'HMS_FRESHNESS_MISSING', 'rollout does not vouch for what is shown as in force')
}

function doubtful(code: Doubt | 'HMS_ROSTER_VERSION', detail: string): HmsError {
  return new HmsError(code, detail, { status: 502, retryable: true })
}

function reasonOf(error: unknown): string {
  if (error instanceof SignatureError || error instanceof HmsError) return `${error.detail} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}
