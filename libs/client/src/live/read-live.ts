import { setTimeout } from 'node:timers/promises'
import { HmsError, MAX_POLICIES_OF_READER } from '#libs/contracts'
import { consentOf, type Consent, type PolicyDocument, type SignedRelease, type VerifiedLive } from '#libs/policy'
import { SignatureError, type ReleasePredicate } from '#libs/signing'
import { fetchSnapshot, type ApiClient } from '../api/api-client.js'
import { systemClock, type Clock } from '../clock.js'
import { parseFrame } from '../connection/parse-frame.js'
import type { RosterKeeper } from '../connection/feed.js'
import { openRosters } from '../trust/open-rosters.js'
import { judgeFrame, type JudgedLive } from './judge-frame.js'
import { httpRosters } from '../trust/pinned-rosters.js'

/** Trusted rosters and the source of documents. */
export interface LiveSource {
  rosters: RosterKeeper
  /** Returns the body of `GET /v1/snapshot?revision=0` for these policies: documents, rollout's freshness statement, and proofs. */
  snapshot(ids: readonly string[]): Promise<unknown>
  clock: Clock
  /** Time in ms for retries while the freshness statement is missing (5 s after a store's start) or differs. Default 8 s. */
  waitMs?: number
}

const WAIT_MS = 8_000
const PAUSE_MS = 200

/** Reads the values of the stable scope and verifies them with `judgeFrame`. Never throws: a failure makes values `unverified`. */
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

export interface ConsentTrust {
  /** Trusted roster, as in `connect`: path or bytes. Default: the roster of a loopback address. */
  roster?: string | Uint8Array
  cacheDir?: string
  clock?: Clock
}

const FIRST_ROSTER_MS = 5_000

/** Returns the effect of signing these releases (`consentOf`), or why the releases in force could not be verified. */
export async function readConsent(api: ApiClient, predicates: readonly ReleasePredicate[], trust?: ConsentTrust): Promise<Consent> {
  return (await readConsentAndLive(api, predicates, trust)).consent
}

/** Same as `readConsent`, but also returns the releases in force by policy id, and the rosters if they could be opened. */
export async function readConsentAndLive(api: ApiClient, predicates: readonly ReleasePredicate[], trust: ConsentTrust = {}) {
  const { roster: pinned, cacheDir, clock = systemClock } = trust
  const ids = predicates.map(({ policy }) => policy.id)
  const snapshot = (policies: readonly string[]): Promise<unknown> => fetchSnapshot(api, policies)
  const opening = openRosters({ pinned, source: httpRosters(api), cacheDir, clock, until: clock.elapsed() + FIRST_ROSTER_MS })
  const read = async (): Promise<Map<string, VerifiedLive>> => {
    const source = { rosters: await opening, snapshot, clock }
    await followRosters(source)
    return readLive(ids, source)
  }
  const live = await read().catch((error: unknown) => unverified(ids, error))
  const consent = consentOf(predicates as unknown as readonly SignedRelease[], live)
  return { consent, live, rosters: await opening.catch(() => undefined) }
}

/** Returns the error as the reason for every policy: nothing could be read, or no roster is trusted. */
export function unverified(ids: readonly string[], error: unknown): Map<string, VerifiedLive> {
  return new Map(ids.map((id) => [id, { kind: 'unverified', why: reasonOf(error) }]))
}

async function attemptRead(ids: readonly string[], source: LiveSource): Promise<{ live: Map<string, VerifiedLive>; isFinal: boolean }> {
  try {
    const { rosters, clock } = source
    const frame = parseFrame(JSON.stringify(await source.snapshot(ids)))
    const judged = judgeFrame(ids, frame, { roster: rosters.newest, clock })
    const live = new Map([...judged].map(([id, each]) => [id, liveOf(each)]))
    const isFinal = [...live.values()].every(({ kind }) => kind === 'verified')
    // A document may be signed under a newer roster than the known one.
    if (!isFinal) await followRosters(source)
    return { live, isFinal }
  } catch (error) {
    const isFinal = !(error instanceof SignatureError || (error instanceof HmsError && error.retryable))
    if (!isFinal) await followRosters(source)
    return { live: unverified(ids, error), isFinal }
  }
}

/** Fetches newer rosters. If none is valid, the newest known roster stays in use. */
async function followRosters({ rosters }: LiveSource): Promise<void> {
  await rosters.follow().catch(() => undefined)
}

/** Converts a judgement for a signer, who needs the newest value: a value in doubt is unverified. */
function liveOf(judged: JudgedLive): VerifiedLive {
  const against = judged.kind === 'refused' ? judged : judged.doubt
  if (against !== undefined) return { kind: 'unverified', why: textOf(against) }
  const { value: found } = judged as Extract<JudgedLive, { kind: 'verified' }>
  if (found === null) return { kind: 'verified', release: null }
  const { value, release } = found
  return { kind: 'verified', release: { policy: value as PolicyDocument, digest: release.digest, payload: release.envelope.payload } }
}

function reasonOf(error: unknown): string {
  if (error instanceof SignatureError || error instanceof HmsError) return textOf(error)
  return error instanceof Error ? error.message : String(error)
}

function textOf({ code, detail }: { code: string; detail: string }): string {
  return `${detail} (${code})`
}
