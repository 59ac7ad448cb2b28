import { setTimeout } from 'node:timers/promises'
import { HmsError, NOT_BY_CALLER, type Verification } from '#libs/contracts'
import { FRESHNESS_EVERY_MS } from '#libs/signing'
import { fetchSnapshot, type ApiClient } from '../api/api-client.js'
import { systemClock, type Clock } from '../clock.js'
import { openRostersIfAny, type OpenRostersOptions } from '../trust/open-rosters.js'
import type { JudgedLive, LiveDoubt } from './judge-frame.js'
import { judgePresent } from './read-present.js'

/** Version that a server reports as in force for all readers, or as held until its effective time; `null`: withdrawn. */
export interface ReportedVersion {
  id: string
  version: string | null
  /** Release of a run, which must be in force. After a rollback it is missing: any release of the version counts, also if it is held. */
  digest?: string
}

/** Time in ms for a store to receive the head and a freshness statement on it, also after one of them was lost. */
const WAIT_MS = FRESHNESS_EVERY_MS + 2_000
const PAUSE_MS = 100

/**
 * Waits until the signed heads put the reported versions in force, for at most `waitMs` and 12 s. `doubts`: why newer heads may exist.
 * Without a roster nothing is verified. Throws 502 `HMS_VERIFY_PRESENT`, or `HMS_…_UNCONFIRMED` if the heads cannot be read.
 */
export async function verifyReported(
  api: ApiClient,
  reported: readonly ReportedVersion[],
  { clock = systemClock, waitMs = WAIT_MS, ...trust }: Pick<OpenRostersOptions, 'pinned' | 'cacheDir'> & { clock?: Clock; waitMs?: number },
): Promise<{ verification: Verification; doubts: LiveDoubt[] }> {
  const unread = (cause: unknown): never => {
    const status = cause instanceof HmsError ? cause.status : 500
    const finding = `the signed head could not be verified: ${(cause as Error).message}`
    const code = reported[0]!.digest === undefined ? 'HMS_ROLLBACK_UNCONFIRMED' : 'HMS_RUN_UNCONFIRMED'
    throw failure(code, reported[0]!, finding, { status, cause })
  }
  const rosters = await openRostersIfAny(api, trust).catch(unread)
  if (rosters === undefined) return { verification: NOT_BY_CALLER, doubts: [] }
  const source = { rosters, clock, snapshot: (ids: readonly string[]) => fetchSnapshot(api, ids) }
  const ids = [...new Set(reported.map(({ id }) => id))]
  for (const until = clock.elapsed() + Math.min(waitMs, WAIT_MS); ; await setTimeout(PAUSE_MS)) {
    const judged = await judgePresent(ids, {}, source).catch(unread)
    const other = reported.find((each) => !isInForce(judged.get(each.id)!, each))
    if (other === undefined)
      return { verification: 'by-caller', doubts: [...judged.values()].flatMap((each) => (each.kind === 'verified' && each.doubt) || []) }
    if (clock.elapsed() >= until) throw failure('HMS_VERIFY_PRESENT', other, findingOf(judged.get(other.id)!, other), { status: 502 })
  }
}

function isInForce(judged: JudgedLive, { version, digest }: ReportedVersion): boolean {
  if (judged.kind === 'refused') return false
  if (digest !== undefined) return judged.value?.head.current === digest // guard: deployed-release
  return (judged.value?.held ?? judged.value?.value.version ?? null) === version // guard: reported-in-force
}

function failure(code: string, { id, version }: ReportedVersion, finding: string, of: { status: number; cause?: unknown }): HmsError {
  const reported = version === null ? `${id} as withdrawn` : `${id}@${version} as in force`
  const next = [`hms-svc get ${id}`, 'hms-svc audit verify']
  return new HmsError(code, `The server reports ${reported}, but ${finding}`, { ...of, next })
}

function findingOf(judged: JudgedLive, reported: ReportedVersion): string {
  if (judged.kind === 'refused') return `its document does not verify: ${judged.detail} (${judged.code})`
  if (judged.value === null) return 'no signed head puts it in force'
  const { value, held } = judged.value
  const found = held === null && value.version === reported.version ? `another release of ${value.version}` : value.version
  return `the signed head puts ${found} in force${held === null ? '' : `, and holds ${held} until its time`}`
}
