import { canonicalJson, type Envelope, type HeldRecord, type LiveRecord, type LogProof } from '#libs/contracts'
import {
  digestOfPayload,
  readChange,
  readHead,
  orRefusal,
  SignatureError,
  STABLE_SCOPE,
  verifyHead,
  type HeadPredicate,
  type Roster,
  type VerifiedRelease,
} from '#libs/signing'
import { BundleRefused, verifyBundle } from '#libs/verify'
import type { PublishedEntry } from '#libs/export'
import { requireMembers, requireWholeEnvelope, requireWholeProof } from './strict.js'

export interface JudgedHead {
  /** Number of documents that the head made live or holds for later; each is approved and proven. */
  live: number
  withdrawn: number
}

/** Facts of a head from config-store's signed event in the log. */
export type LoggedHead = PublishedEntry['heads'][number] & { storedAt: string }

/** Error for a record that differs from the signed data. */
export class LiveRefused extends Error {}

type Origin = Pick<HeldRecord, 'version' | 'author' | 'approvedBy'>

const RELEASE = ['version', 'release', 'proof', 'author', 'approvedBy']
const RECORD = ['policy', 'seq', 'revision', 'digest', 'run', 'storedAt', 'head', 'change', 'next', ...RELEASE]

/** Verifies a head and its releases at their time, each by the newest of `rosters` (oldest first) that accepts it. Throws `LiveRefused`. */
export async function judgeLive(record: LiveRecord, logged: LoggedHead, rosters: readonly Roster[]): Promise<JudgedHead> {
  const { policy, seq, digest, run, storedAt, revision, next = null } = record
  orLiveRefused(() => requireShape(record, rosters))
  const head = await byOneOf(rosters, async (roster) => readHead(record.head, roster.serviceKeys('rollout')).predicate)
  if (head.policy !== policy || head.seq !== seq || head.scope !== STABLE_SCOPE)
    throw new LiveRefused(`the record names ${policy} ${seq}, but the signed head is ${head.policy} ${head.seq} for ${head.scope}`)
  if (head.current !== digest || (head.next?.release ?? null) !== (next?.digest ?? null))
    throw new LiveRefused('it names other releases than its head') // guards: export-held, export-withdrawn
  if ((head.run ?? null) !== run) throw new LiveRefused(`the record names run ${run}, but the signed head names ${head.run ?? null}`)
  if (storedAt !== logged.storedAt)
    throw new LiveRefused(`its record says that it was stored at ${storedAt}, but the log says ${logged.storedAt}`)
  if (revision !== logged.revision)
    throw new LiveRefused(`its record has revision ${revision ?? 'none'}, but the log has ${logged.revision}`)
  await requireChange(record, logged, head, rosters)
  const storedMs = Date.parse(storedAt)
  const nextMs = head.next === undefined ? Infinity : Date.parse(head.next.at)
  // If the head arrived after the effective time of its held release, its current release was never in force under this head.
  const wasInForce = digest !== null && storedMs < nextMs
  if (digest !== null) await proveRelease(record, record, new Date(Math.min(storedMs, nextMs - 1)), rosters)
  if (next !== null) await proveRelease(record, next, new Date(Math.max(storedMs, nextMs)), rosters)
  await requireOrigin(record, rosters)
  return { live: Number(wasInForce) + Number(next !== null), withdrawn: Number(digest === null && next === null) }
}

function requireShape(record: LiveRecord, rosters: readonly Roster[]): void {
  requireMembers(record, RECORD, 'a record')
  requireWholeEnvelope(record.head, rosters)
  if (record.change !== undefined) requireWholeEnvelope(record.change, rosters)
  const next = record.next ?? null
  if (next !== null) requireMembers(next, ['digest', ...RELEASE], 'what is held')
  for (const { release, proof } of next === null ? [record] : [record, next]) {
    if (release !== null) requireWholeEnvelope(release, rosters)
    if (proof !== null) requireWholeProof(proof, rosters)
  }
}

/** Requires that the signed change is the one whose digest the log names, or that neither exists. */
async function requireChange({ change }: LiveRecord, logged: LoggedHead, head: HeadPredicate, rosters: readonly Roster[]): Promise<void> {
  const digest = change === undefined ? undefined : digestOfPayload(change)
  if (digest !== logged.change) throw new LiveRefused('its signed change is missing, or is not the change in the log')
  if (change === undefined) return
  const { heads } = await byOneOf(rosters, async (roster) => readChange(change, roster.serviceKeys('rollout')).predicate)
  if (!heads.some(({ policy, seq }) => policy === head.policy && seq === head.seq))
    throw new LiveRefused('its signed change names other heads')
}

/** Requires that version, author and signers in the record are those of the verified releases. */
async function requireOrigin(record: LiveRecord, rosters: readonly Roster[]): Promise<void> {
  const { head, release, proof, next = null } = record
  const held = next === null ? null : { release: next.release!, proof: next.proof }
  await byOneOf(rosters, async (roster) => {
    const verified = verifyHead({ head, release, proof, next: held }, roster)
    requireSame(record, verified.release)
    if (next !== null) requireSame(next, verified.next?.release ?? null)
  })
}

function requireSame({ version, author, approvedBy }: Origin, release: VerifiedRelease | null): void {
  const stated = { version, author, approvedBy }
  const own = {
    version: release?.predicate.policy.version ?? null,
    author: release?.predicate.author ?? null,
    approvedBy: release?.approvedBy ?? [],
  }
  if (canonicalJson(stated) === canonicalJson(own)) return
  throw new SignatureError('HMS_PROOF_INVALID', `the record names ${wordsOf(stated)}, but the signed release has ${wordsOf(own)}`)
}

function wordsOf({ version, author, approvedBy }: Origin): string {
  return `${version}, written by ${author}, approved by ${approvedBy.join(', ')}`
}

async function proveRelease(
  { policy, head }: Pick<LiveRecord, 'policy' | 'head'>,
  { digest, release, proof }: { digest: string | null; release: Envelope | null; proof: LogProof | null },
  at: Date,
  rosters: readonly Roster[],
): Promise<void> {
  if (release === null || proof === null) throw new LiveRefused('its release or proof is missing')
  const bytes = Buffer.from(JSON.stringify({ bundle: 1, release, head, ...proof }))
  const found = await byOneOf(rosters, ({ envelope }) => verifyBundle(bytes, { roster: Buffer.from(JSON.stringify(envelope)), at }))
  if (found.policy.id !== policy || found.release.digest !== digest)
    throw new LiveRefused(`its release is of ${found.policy.id} and differs from the release that it names`)
}

/** Returns the result of the newest roster with which `read` succeeds. Otherwise throws `LiveRefused` with the error of the newest. */
async function byOneOf<T>(rosters: readonly Roster[], read: (roster: Roster) => Promise<T>): Promise<T> {
  let refusal = ''
  for (const roster of rosters.toReversed()) {
    try {
      return await read(roster)
    } catch (error) {
      if (!(error instanceof SignatureError || error instanceof BundleRefused)) throw error
      refusal ||= error.message
    }
  }
  throw new LiveRefused(refusal)
}

function orLiveRefused<T>(check: () => T): T {
  const result = orRefusal(check)
  if (!(result instanceof SignatureError)) return result
  throw new LiveRefused(result.detail)
}
