import { setTimeout } from 'node:timers/promises'
import { HmsError } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { orRefusal, SignatureError } from '#libs/signing'
import { parseFrame } from '../connection/parse-frame.js'
import { judgeFrame, type JudgedLive } from './judge-frame.js'
import type { LiveSource } from './read-live.js'

/** Verified value; `null` if no version is in force. `doubt`: no freshness statement confirms that it is the newest (STALE). */
export type PresentValue = Omit<Extract<JudgedLive, { kind: 'verified' }>, 'kind'>

/** Time in ms for retries: a head and its statement may differ for a moment, and a store has no statement in its first seconds. */
const WAIT_MS = 2_500
const PAUSE_MS = 100
/** Number of policies per request, so that the response stays below its size limit. */
const POLICIES_AT_ONCE = 25
/** Doubts that may pass on their own. */
const PASSING: ReadonlySet<string> = new Set(['HMS_FRESHNESS_MISSING', 'HMS_FRESHNESS_MIXED', 'HMS_ROSTER_VERSION'])

/** Reads and verifies the value of one policy for a reader. Throws 502 `HMS_VERIFY_PRESENT`, and the errors of the snapshot. */
export async function readPresent(id: string, reader: Reader, source: LiveSource): Promise<PresentValue> {
  const judged = (await judgePresent([id], reader, source)).get(id)!
  if (judged.kind === 'verified') return judged
  const detail = `The stored document of ${id} does not verify: ${judged.detail} (${judged.code}).`
  const next = [`hms-svc policies restore ${id}`, 'hms-svc audit verify']
  throw new HmsError('HMS_VERIFY_PRESENT', detail, { status: 502, next })
}

/** Judges values in requests of `POLICIES_AT_ONCE`, without retries after a doubt that did not pass. Throws the snapshot's errors. */
export async function judgePresent(ids: readonly string[], reader: Reader, source: LiveSource): Promise<Map<string, JudgedLive>> {
  const found = new Map<string, JudgedLive>()
  let waitMs = source.waitMs ?? WAIT_MS
  for (let at = 0; at < ids.length; at += POLICIES_AT_ONCE) {
    const judged = await judgePart(ids.slice(at, at + POLICIES_AT_ONCE), reader, source, waitMs)
    for (const [id, each] of judged) found.set(id, each)
    if ([...judged.values()].some(mayPass)) waitMs = 0
  }
  return found
}

async function judgePart(ids: readonly string[], reader: Reader, source: LiveSource, waitMs: number): Promise<Map<string, JudgedLive>> {
  const { clock, rosters } = source
  let until: number | undefined
  for (let isFirst = true; ; isFirst = false) {
    const roster = rosters.newest
    const judged = await attempt(ids, reader, source)
    const isDoubted = [...judged.values()].some(mayPass)
    const isVerified = [...judged.values()].every(({ kind }) => kind === 'verified')
    if ((isVerified && !isDoubted) || (until ??= clock.elapsed() + waitMs) <= clock.elapsed()) return judged
    // A document or the statement may be signed under a newer roster. If no valid one follows, the newest known roster stays in use.
    await rosters.follow().catch(() => undefined)
    // The first response may be older than the roster.
    if (!isDoubted && !isFirst && rosters.newest === roster) return judged
    if (isDoubted) await setTimeout(PAUSE_MS)
  }
}

function mayPass(judged: JudgedLive): boolean {
  return judged.kind === 'verified' && PASSING.has(judged.doubt?.code ?? '')
}

async function attempt(ids: readonly string[], reader: Reader, { rosters, snapshot, clock }: LiveSource): Promise<Map<string, JudgedLive>> {
  const frame = parseFrame(JSON.stringify(await snapshot(ids)))
  const judged = orRefusal(() => judgeFrame(ids, frame, { roster: rosters.newest, clock, reader }))
  if (!(judged instanceof SignatureError)) return judged
  return new Map(ids.map((id) => [id, { kind: 'refused', code: judged.code, detail: judged.detail }]))
}
