import { fromBase64, statementFields } from '#libs/contracts'
import { consentOf, consentTexts, type Consent, type PolicyDocument, type SignedRelease, type VerifiedLive } from '#libs/policy'
import { digestOf } from '#libs/signing'
import type { PlacedAct } from '../act.js'

/** One statement as the page shows it. */
export interface Shown {
  /** In groups of four, as people compare it. */
  digest: string
  /** Base64 of the statement: what will be signed. */
  bytes: string
  lines: { field: string; value: string }[]
  /** Release in force that a release was compared with, in base64; empty if none is in force. */
  live?: string
  /** Instead of `live`: why nothing was compared. */
  why?: string
}

/** The page does not show what its bytes say, so it must not be signed. */
export class NotAsShown extends Error {
  override readonly name = 'NotAsShown'

  constructor(what: string) {
    super(`Nothing was signed: ${what}. Do not sign this page; tell the operator, and sign with hms-svc, which reads the bytes itself.`)
  }
}

/** Statement types that each act may sign. Without this limit, the page would also sign a roster or a request that names a policy. */
const SIGNED_BY: Record<PlacedAct['kind'], readonly string[]> = { approval: ['release'], statement: ['decision', 'freeze'], rollback: [] }
const TYPE = /^https:\/\/hms-svc\.dev\/attestation\/([a-z]+)\/v1$/

/** Compares what a person sees with the bytes: the digest, every field, and the type of statement. Throws `NotAsShown`. */
export async function checkShown({ digest, bytes, lines }: Shown, kind: PlacedAct['kind']): Promise<void> {
  const payload = fromBase64(bytes)
  const found = digestOf(payload)
  // guard: console-digest-shown
  if (digest.replaceAll(/\s/g, '') !== found) throw new NotAsShown(`the digest shown is not that of the bytes, which is ${found}`)
  const statement = new TextDecoder().decode(payload)
  const said = statementFields(statement)
  // guard: console-fields-shown
  const other = said.find(({ field, value }, index) => lines[index]?.field !== field || lines[index]?.value !== value)
  // guard: console-no-more-fields
  if (other !== undefined || said.length !== lines.length)
    throw new NotAsShown(
      `the fields shown are not those of the bytes${other === undefined ? '' : `, which say ${other.field} ${other.value}`}`,
    )
  const { predicateType, predicate } = JSON.parse(statement) as { predicateType?: unknown; predicate: { breakGlass?: unknown } }
  const type = TYPE.exec(String(predicateType))?.[1]
  // guard: page-signs-its-kind
  if (type === undefined || !SIGNED_BY[kind].includes(type)) throw new NotAsShown(`the bytes are a ${type ?? String(predicateType)}`)
  // Two signatures of break-glass send a release past every trial, so no page makes them.
  if (predicate.breakGlass !== undefined)
    // guard: console-no-break-glass
    throw new Error('Nothing was signed: this is break-glass. Sign it with hms-svc break-glass, on purpose.')
}

/** Computes consent again from the bytes and the live release of the page. `texts`: what it shows, in order. Throws `NotAsShown`. */
export async function checkConsent(shown: readonly Shown[], texts: readonly string[]): Promise<Consent> {
  const releases = shown.map(({ bytes }) => predicateIn(bytes))
  // guard: console-one-plan
  if (new Set(releases.map(({ plan }) => JSON.stringify(plan))).size > 1) throw new NotAsShown('the releases have different plans')
  const live = new Map<string, VerifiedLive>()
  for (const [index, { policy }] of releases.entries()) live.set(policy.id, liveIn(shown[index]!))
  const consent = consentOf(releases, live)
  const expected = consentTexts(consent)
  const at = expected.findIndex((text, index) => texts[index] !== text) // guard: console-changes-shown
  if (at < 0 && texts.length === expected.length) return consent
  throw new NotAsShown(
    at < 0 ? 'the page shows more than its bytes say' : `the page shows "${texts[at] ?? ''}", and the bytes say "${expected[at]!}"`,
  )
}

function liveIn({ live, why }: Shown): VerifiedLive {
  if (live === undefined) return { kind: 'unverified', why: why ?? '' }
  if (live === '') return { kind: 'verified', release: null }
  return {
    kind: 'verified',
    // guard: console-live-digest
    release: { policy: predicateIn(live).policy as PolicyDocument, digest: digestOf(fromBase64(live)) },
  }
}

export function predicateIn(bytes: string): SignedRelease {
  return (JSON.parse(new TextDecoder().decode(fromBase64(bytes))) as { predicate: SignedRelease }).predicate
}
