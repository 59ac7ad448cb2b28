import { approversOf } from './approval.js'
import { isMember, verifyProof } from './log.js'
import { BundleRefused, releaseRefused } from './refused.js'
import { entitledKeys, readRoster, type Roster } from './roster.js'
import { canonical, isObject, jsonIn, openStatement, sha256, signersOf, type Json, type JsonObject, type Statement } from './statement.js'

export { BundleRefused }
export type { Json, JsonObject } from './statement.js'

export interface VerifiedBundle {
  /** Policy as approved. */
  policy: JsonObject & { id: string; version: string }
  release: {
    /** Release digest, `sha256:` and hex. */
    digest: string
    releaseEpoch: number
    /** Ids of the people of the roster whose signatures count. */
    approvedBy: string[]
    /** Set if the author's own signature counts as the approval, which the roster may allow. */
    soleOfficial?: true
    /** Set for a break-glass release, which skips simulation and canary; `reason` as the release states it. */
    breakGlass?: { reason: string }
    /** Sequence number of the head that puts the release in force. */
    seq: number
  }
  proof: {
    /** Index of the approval's entry in the log; `size`: number of entries that the proof's checkpoint covers. */
    index: number
    size: number
    /** Time by which a quorum of witnesses had signed the checkpoint, RFC 3339. */
    witnessedAt: string
  }
  /** Set if the roster had expired at `at`: the bundle then proves a past state, which may be outdated. */
  stale?: { code: 'HMS_ROSTER_EXPIRED'; detail: string }
}

export interface VerifyBundleOptions {
  /** Roster that the caller trusts: output of `hms-svc roster show --json`. */
  roster: Uint8Array
  /** Time for which the bundle is verified. Default: now. */
  at?: Date
}

/**
 * Checks offline that people entitled by `roster` approved a policy, that rollout's head puts it in force for all, and that the approval
 * is in the witnessed log. `bytes`: output of `hms-svc audit bundle`. Rejects with `BundleRefused`. Needs only Node.
 */
export async function verifyBundle(bytes: Uint8Array, options: VerifyBundleOptions): Promise<VerifiedBundle> {
  requireArguments(bytes, options)
  try {
    return verify(bytes, options)
  } catch (error) {
    if (error instanceof BundleRefused) throw error // guard: bundle-typed-refusal
    // Any other error means that the bundle is malformed, so it is not verified.
    throw new BundleRefused('HMS_VERIFY_BUNDLE', `the bundle cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function verify(bytes: Uint8Array, { roster: rosterBytes, at = new Date() }: VerifyBundleOptions): VerifiedBundle {
  const roster = readRoster(rosterBytes)
  const { release: envelope, head: headEnvelope, entry, member, proof } = readBundle(bytes)
  if (roster.logs.length === 0) throw new BundleRefused('HMS_VERIFY_ROSTER', 'the roster names no log')
  // The proof is verified first: its witnessed time decides which keys were valid.
  const { index, size, witnessedAtMs } = verifyProof(entry, proof, roster.logs)
  if (!(witnessedAtMs < roster.expiresMs))
    throw new BundleRefused(
      'HMS_VERIFY_ROSTER',
      'the roster had expired before witnesses signed the checkpoint with the approval: use the roster that followed it',
    )
  const release = openStatement(envelope, 'release')
  const { policy, releaseEpoch } = release.predicate
  if (!isObject(policy) || typeof policy['id'] !== 'string' || typeof policy['version'] !== 'string' || !Number.isSafeInteger(releaseEpoch))
    throw releaseRefused('required members are missing or invalid')
  if (release.subject !== sha256(canonical(policy))) throw releaseRefused('its subject is another policy')
  const { approvedBy, soleOfficial } = approversOf(release, policy, roster, witnessedAtMs)
  const breakGlass = breakGlassOf(release)
  const seq = checkHead(openStatement(headEnvelope, 'head'), policy['id'], release.digest, roster, at)
  checkEntry(entry, member, { digest: release.digest, id: policy['id'], version: policy['version'] })
  return {
    policy: policy as VerifiedBundle['policy'],
    release: {
      digest: release.digest,
      releaseEpoch: releaseEpoch as number,
      approvedBy,
      ...(soleOfficial ? { soleOfficial } : {}),
      ...(breakGlass === undefined ? {} : { breakGlass }),
      seq,
    },
    proof: { index, size, witnessedAt: new Date(witnessedAtMs).toISOString() },
    ...(at.getTime() < roster.expiresMs ? {} : { stale: { code: 'HMS_ROSTER_EXPIRED', detail: expired(roster) } }),
  }
}

function breakGlassOf({ predicate: { breakGlass } }: Statement): { reason: string } | undefined {
  if (breakGlass === undefined) return undefined
  if (isObject(breakGlass) && typeof breakGlass['reason'] === 'string') return { reason: breakGlass['reason'] }
  throw releaseRefused('it is break-glass without a reason')
}

function expired({ expiresMs }: Roster): string {
  return (
    `the roster was valid until ${new Date(expiresMs).toISOString()}: what it vouched for may have been replaced since. ` +
    `Bring the newest roster (hms-svc roster show --json)`
  )
}

function readBundle(bytes: Uint8Array): { release: unknown; head: unknown; entry: string; member: Json | undefined; proof: string } {
  let value: Json
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json
  } catch {
    throw new BundleRefused('HMS_VERIFY_BUNDLE', 'the bundle is not JSON: it is cut, or damaged')
  }
  if (!isObject(value) || value['bundle'] !== 1 || typeof value['entry'] !== 'string' || typeof value['proof'] !== 'string')
    throw new BundleRefused('HMS_VERIFY_BUNDLE', 'not a bundle of version 1')
  return { release: value['release'], head: value['head'], entry: value['entry'], member: value['member'], proof: value['proof'] }
}

/** Verifies that rollout signed the head, and that it puts this release in force for all readers at `at`. Returns its `seq`. */
function checkHead(head: Statement, policy: string, digest: string, roster: Roster, at: Date): number {
  const members = roster.roles.filter(({ match }) => match['service'] === 'rollout').flatMap(({ principals }) => principals)
  if (
    signersOf(
      head,
      entitledKeys(roster.principals, (_principal, id) => members.includes(id)),
    ).size === 0
  )
    throw new BundleRefused('HMS_VERIFY_HEAD', 'the head is not signed by rollout')
  const { seq, current, next, scope, policy: headPolicy } = head.predicate
  const begins = isObject(next) && next['release'] === digest ? Date.parse(String(next['at'])) : Number.NaN
  if (begins > at.getTime())
    throw new BundleRefused('HMS_VERIFY_HEAD', `the head puts this release in force only at ${new Date(begins).toISOString()}`)
  // From its effective time on, the next release replaces the current one.
  const inForce = isObject(next) && Date.parse(String(next['at'])) <= at.getTime() ? next['release'] : current
  if (headPolicy !== policy || scope !== 'global' || inForce !== digest || !Number.isSafeInteger(seq))
    throw new BundleRefused('HMS_VERIFY_HEAD', 'the head does not make this release the one in force')
  return seq as number
}

/** Checks that the log entry is an approval that includes this release. */
function checkEntry(text: string, member: Json | undefined, release: JsonObject): void {
  const entry = jsonIn(text)
  if (!isObject(entry)) throw new BundleRefused('HMS_VERIFY_PROOF', 'the entry of the log is not a JSON object')
  if (entry['type'] !== 'hms.approval.approved.v1' || !isMember(canonical(release), member, entry['releases']))
    throw new BundleRefused('HMS_VERIFY_PROOF', 'the entry of the log is not the approval of this release')
}

/** Refuses arguments of another type, and unknown options: a misspelt `at` would otherwise be ignored. */
function requireArguments(bytes: unknown, options: unknown): void {
  const given: { roster?: unknown } = isObject(options) && !ArrayBuffer.isView(options) ? options : {}
  const unknown = Object.keys(given).find((name) => name !== 'roster' && name !== 'at')
  if (unknown !== undefined) {
    const message = `verifyBundle has no option ${JSON.stringify(unknown.slice(0, 100))}; it takes roster, at`
    throw Object.assign(new TypeError(message), { code: 'HMS_OPTION_UNKNOWN' })
  }
  if (ArrayBuffer.isView(bytes) && ArrayBuffer.isView(given.roster)) return
  const message = 'verifyBundle takes the bytes of a bundle, and { roster: bytes }: read both files without an encoding'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}
