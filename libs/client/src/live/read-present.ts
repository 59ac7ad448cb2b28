import { setTimeout } from 'node:timers/promises'
import { HmsError } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { SignatureError } from '#libs/signing'
import { parseFrame } from '../connection/parse-frame.js'
import { judgeFrame, type JudgedLive } from './judge-frame.js'
import type { LiveSource } from './read-live.js'

/** A verified value; `value` is `null` if none is in force. `doubt`: no freshness statement confirms that it is the newest (STALE). */
export type PresentValue = Omit<Extract<JudgedLive, { kind: 'verified' }>, 'kind'>

/** A head and its statement differ for moments, and a store has no statement for its first seconds. */
const WAIT_MS = 2_500
const PAUSE_MS = 100
/** Policies of one request: the response stays below its limit, whatever their size. */
const POLICIES_AT_ONCE = 25
/** Transient doubts. */
const PASSING: ReadonlySet<string> = new Set(['HMS_FRESHNESS_MISSING', 'HMS_FRESHNESS_MIXED', 'HMS_ROSTER_VERSION'])

/**
 * Reads the value of one policy in force for a reader, verified as the SDK does. Throws 502 `HMS_VERIFY_PRESENT` if a signature contradicts
 * the store, and the errors of the snapshot.
 */
export async function readPresent(id: string, reader: Reader, source: LiveSource): Promise<PresentValue> {
  const judged = (await judgePresent([id], reader, source)).get(id)!
  if (judged.kind === 'verified') return judged
  const detail = `What the store shows of ${id} does not verify: ${judged.detail} (${judged.code}).`
  const next = [`hms-svc policies restore ${id}`, 'hms-svc audit verify']
  throw new HmsError('HMS_VERIFY_PRESENT', detail, { status: 502, next })
}

/**
 * Judges the values of several policies for a reader, in requests of a bounded size. Once a doubt has not passed, later requests do not
 * wait for theirs. Throws the errors of the snapshot.
 */
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
  const until = clock.elapsed() + waitMs
  for (;;) {
    const roster = rosters.newest
    const judged = await attempt(ids, reader, source)
    const isDoubted = [...judged.values()].some(mayPass)
    const isVerified = [...judged.values()].every(({ kind }) => kind === 'verified')
    if ((isVerified && !isDoubted) || clock.elapsed() >= until) return judged
    // A document, or the statement, may be signed under a newer roster. If none follows, the last good one is used.
    await rosters.follow().catch(() => undefined)
    if (!isDoubted && rosters.newest === roster) return judged
    if (isDoubted) await setTimeout(PAUSE_MS)
  }
}

function mayPass(judged: JudgedLive): boolean {
  return judged.kind === 'verified' && PASSING.has(judged.doubt?.code ?? '')
}

async function attempt(ids: readonly string[], reader: Reader, { rosters, snapshot, clock }: LiveSource): Promise<Map<string, JudgedLive>> {
  const frame = parseFrame(JSON.stringify(await snapshot(ids)))
  try {
    return judgeFrame(ids, frame, { roster: rosters.newest, clock, reader })
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    return new Map(ids.map((id) => [id, { kind: 'refused', code: error.code, detail: error.detail }]))
  }
}
