import { setTimeout } from 'node:timers/promises'
import { HmsError } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { SignatureError } from '#libs/signing'
import { parseFrame } from '../connection/parse-frame.js'
import { judgeFrame, type JudgedLive, type LiveDoubt, type VerifiedValue } from './judge-frame.js'
import type { LiveSource } from './read-live.js'

/** A verified value; `value` is `null` if none is in force. `doubt`: no freshness statement confirms that it is the newest (STALE). */
export interface PresentValue {
  value: VerifiedValue | null
  doubt?: LiveDoubt
}

/** A head and its statement differ for moments, and a store has no statement for its first seconds. */
const WAIT_MS = 2_500
const PAUSE_MS = 100
/** Transient doubts. */
const PASSING: ReadonlySet<string> = new Set(['HMS_FRESHNESS_MISSING', 'HMS_FRESHNESS_MIXED', 'HMS_ROSTER_VERSION'])

/**
 * Reads the value of one policy in force for a reader, verified as the SDK does. Throws 502 `HMS_VERIFY_PRESENT` if a signature contradicts
 * the store, and the errors of the snapshot.
 */
export async function readPresent(id: string, reader: Reader, source: LiveSource): Promise<PresentValue> {
  const { clock, waitMs = WAIT_MS } = source
  const until = clock.elapsed() + waitMs
  for (;;) {
    const roster = source.rosters.newest
    const judged = await attempt(id, reader, source)
    const isDoubted = judged.kind === 'verified' && PASSING.has(judged.doubt?.code ?? '')
    if ((judged.kind === 'verified' && !isDoubted) || clock.elapsed() >= until) return required(id, judged)
    // A document, or the statement, may be signed under a newer roster. If none follows, the last good one is used.
    await source.rosters.follow().catch(() => undefined)
    if (!isDoubted && source.rosters.newest === roster) return required(id, judged)
    if (isDoubted) await setTimeout(PAUSE_MS)
  }
}

async function attempt(id: string, reader: Reader, { rosters, snapshot, clock }: LiveSource): Promise<JudgedLive> {
  const frame = parseFrame(JSON.stringify(await snapshot([id])))
  try {
    return judgeFrame([id], frame, { roster: rosters.newest, clock, reader }).get(id)!
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    return { kind: 'refused', code: error.code, detail: error.detail }
  }
}

function required(id: string, judged: JudgedLive): PresentValue {
  if (judged.kind === 'verified') return { value: judged.value, ...(judged.doubt === undefined ? {} : { doubt: judged.doubt }) }
  throw new HmsError('HMS_VERIFY_PRESENT', `What the store shows of ${id} does not verify: ${judged.detail} (${judged.code}).`, {
    status: 502,
    next: [`hms-svc policies restore ${id}`, 'hms-svc audit verify'],
  })
}
