import { HmsError, type Envelope, type JsonObject, type ReplayProgress, type Trial } from '#libs/contracts'
import { consequenceOf, verifiedPolicies, type Consequence, type VerifiedLive } from '#libs/policy'
import { readTrial, SignatureError, spkiOf } from '#libs/signing'
import type { PageRequest } from '../layout/page.js'
import { wordsFirst } from '../layout/state-words.js'
import { valueOf, type Sent } from '../reading/answer.js'

/** Consequence by the statement of simulator, whose `keys` are SPKI in base64; or why nothing is proven. `isPending`: the trial runs. */
export type Proof =
  | { kind: 'proven'; consequences: Consequence[]; statement: Envelope; keys: string[] }
  | { kind: 'unproven'; why: string; isPending?: boolean; progress?: ReplayProgress | undefined }

/** Verifies the statement of a trial in this process, with the roster that it trusts. `live`: versions in force, by policy id. */
export async function proofOf(
  { read, trusted }: Pick<PageRequest, 'read' | 'trusted'>,
  trial: Sent<Trial>,
  { policies, live }: { policies: readonly JsonObject[]; live: ReadonlyMap<string, VerifiedLive> },
): Promise<Proof> {
  if (trial.kind !== 'taken') {
    const isBusy = trial.kind === 'away' ? trial.isLate === true : trial.status === 503
    // Simulator refuses while it runs another trial: that trial's progress is not this one's.
    const progress = isBusy && trial.kind === 'away' ? valueOf(await read<ReplayProgress>('/v1/simulations/trial')) : undefined
    return { kind: 'unproven', why: trial.kind === 'away' ? `${trial.service} ${trial.detail}` : trial.detail, isPending: isBusy, progress }
  }
  const { statement, detail } = trial.value
  const unknown = [...live.values()].find((each) => each.kind === 'unverified')
  // guard: console-consequence-verified
  if (unknown !== undefined) return { kind: 'unproven', why: `nothing in force to compare with is verified: ${unknown.why}` }
  if (statement === undefined) return { kind: 'unproven', why: `simulator signed nothing: ${wordsFirst(detail)}` }
  try {
    const keys = (await trusted()).serviceKeys('simulator')
    const read = readTrial(statement, { policies, live: verifiedPolicies(live) }, keys)
    return { kind: 'proven', consequences: consequenceOf(read), statement, keys: [...keys.values()].map(spkiOf) }
  } catch (error) {
    if (error instanceof SignatureError || error instanceof HmsError) return { kind: 'unproven', why: error.detail }
    throw error
  }
}
