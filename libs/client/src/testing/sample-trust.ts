import { sign } from 'node:crypto'
import { type Envelope, toBase64 } from '#libs/contracts'
import { demoRoster, generateKeyPair, localSigner, pae, signRoster, STATEMENT_TYPE, type RosterPredicate } from '#libs/signing'

/** Keys of a small installation without a log, generated per test process. */
const PAIRS = {
  'EPA Chief': generateKeyPair(),
  'EPA Counsel': generateKeyPair(),
  rollout: generateKeyPair(),
  'canary-controller': generateKeyPair(),
  simulator: generateKeyPair(),
  operator: generateKeyPair(),
}
export type SampleSigner = keyof typeof PAIRS

const PEOPLE = ['EPA Chief', 'EPA Counsel'] as const

const predicateWith = (canaryController: string): RosterPredicate =>
  demoRoster({
    people: PEOPLE.map((name) => ({ name, spki: PAIRS[name].spki })),
    services: [
      { name: 'rollout', spki: PAIRS.rollout.spki },
      { name: 'canary-controller', spki: canaryController },
      { name: 'simulator', spki: PAIRS.simulator.spki },
    ],
    operator: { spki: PAIRS.operator.spki },
    expires: '2036-01-01T00:00:00Z',
  })
const predicate = predicateWith(PAIRS['canary-controller'].spki)

const signersOf = (people: readonly SampleSigner[]) => people.map((name) => localSigner(PAIRS[name].privateKey))

/** Creates a roster of a later version with the same content, signed by both people by default. */
export function sampleRoster(version: number, people: readonly SampleSigner[] = PEOPLE): Promise<Envelope> {
  return signRoster({ ...predicate, version }, signersOf(people))
}

export const SAMPLE_ROSTER = await sampleRoster(predicate.version)

/** The sample roster as bytes, as `connect({ roster })` accepts it. */
export const SAMPLE_ROSTER_BYTES = Buffer.from(JSON.stringify(SAMPLE_ROSTER))

/** Creates a sample roster with a replaced canary-controller key, with which canaries signed by the old key are refused. */
export function replacedKeyRoster(version: number): Promise<Envelope> {
  return signRoster({ ...predicateWith(generateKeyPair().spki), version }, signersOf(PEOPLE))
}

export const REPLACED_KEY_ROSTER_BYTES = Buffer.from(JSON.stringify(await replacedKeyRoster(predicate.version)))

export function signedBy(payload: Uint8Array, ...names: SampleSigner[]): Envelope {
  const bytes = pae(STATEMENT_TYPE, payload)
  const signatures = names.map((name) => ({ keyid: PAIRS[name].keyid, sig: sign(null, bytes, PAIRS[name].privateKey).toString('base64') }))
  return { payload: toBase64(payload), payloadType: STATEMENT_TYPE, signatures }
}
