import type { JsonObject, TrialStatement } from '#libs/contracts'
import { consequenceOf, type Consent } from '#libs/policy'
import { keyIdOf, orRefusal, publicKeyFromRaw, rawFromSpki, readTrial, SignatureError } from '#libs/signing'
import { consequenceText, notVerifiedText, typedAgainOf } from '../consequence-texts.js'
import { NotAsShown, predicateIn, type Shown } from './check-shown.js'

export interface ShownConsequence {
  /** Sentences, in order. */
  texts: string[]
  /** JSON of the envelope that simulator signed; empty if nothing is proven. */
  trial: string
  /** JSON list of simulator's keys, SPKI in base64, by the roster that the server of this page trusts. */
  keys?: string
  /** Without a statement: why nothing is proven. */
  why?: string
  /** Set while simulator still replays readings. */
  pending?: string
}

/** Verifies the page's statement, and that the sentences shown are its own. Returns whether the change is large. Throws `NotAsShown`. */
export function checkConsequence(releases: readonly Shown[], parts: readonly ShownConsequence[]): boolean {
  const [shown] = parts
  // guard: console-one-consequence
  if (shown === undefined || parts.length > 1) throw new NotAsShown('the page does not show one consequence')
  const { texts, trial, why = '', pending } = shown
  // guard: console-trial-over
  if (pending !== undefined) throw new Error('Nothing was signed: wait until the page shows what this change would have done.')
  const consequences = trial === '' ? [] : consequenceOf(statementIn(shown, releases))
  const expected = trial === '' ? texts.map(() => notVerifiedText(why)) : consequences.map(consequenceText)
  // guard: console-consequence-shown
  if (JSON.stringify(texts) !== JSON.stringify(expected))
    throw new NotAsShown(`the page shows the consequence "${texts.join(' ')}", and simulator signed "${expected.join(' ')}"`)
  return consequences.some(({ large }) => large)
}

function statementIn({ trial, keys = '[]' }: ShownConsequence, releases: readonly Shown[]): TrialStatement {
  // guard: console-consequence-live
  if (releases.some(({ live }) => live === undefined)) throw new NotAsShown('a consequence is compared with what is not verified')
  const policyIn = (bytes: string) => predicateIn(bytes).policy as JsonObject
  const live = releases.flatMap((each) => (each.live === '' ? [] : [policyIn(each.live!)]))
  const simulator = (JSON.parse(keys) as string[]).map(rawFromSpki).map((raw) => [keyIdOf(raw), publicKeyFromRaw(raw)] as const)
  const policies = releases.map(({ bytes }) => policyIn(bytes))
  const read = orRefusal(() => readTrial(JSON.parse(trial), { policies, live }, new Map(simulator)))
  if (!(read instanceof SignatureError)) return read
  throw new NotAsShown(`the consequence is not proven: ${read.detail}`)
}

/** Throws unless the new value of a large change was typed again. */
export function checkTyped(isLarge: boolean, consent: Pick<Consent, 'releases'>, typed = ''): void {
  const { field, value } = typedAgainOf(consent)
  const isSame = typed === value || (typed !== '' && Number(typed) === Number(value))
  // guard: console-typed-again
  if (isLarge && !isSame) throw new Error(`Nothing was signed: this is a large change. Type the new ${field} again.`)
}
