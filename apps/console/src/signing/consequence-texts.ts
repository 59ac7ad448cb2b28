import { magnitudeOf, type Consent, type Consequence } from '#libs/policy'

export const consequenceText = ({ sentence }: Pick<Consequence, 'sentence'>): string => `${sentence}.`

export const notVerifiedText = (why: string): string => `CONSEQUENCE NOT VERIFIED: ${why}`

/** Value that a person types again before a large change is signed. `field`: of the policy, `ID.FIELD` in a bundle, or `version`. */
export interface TypedAgain {
  field: string
  value: string
}

/** Returns the number that differs most, as a factor, from the one in force, else a new number, else the new version. */
export function typedAgainOf({ releases }: Pick<Consent, 'releases'>): TypedAgain {
  const named = (id: string, field: string): string => (releases.length > 1 ? `${id}.${field}` : field)
  const changes = releases.flatMap(({ id, changes: own = [] }) => own.map((change) => ({ ...change, field: named(id, change.field) })))
  const [change] = changes.filter(({ to }) => typeof to === 'number').toSorted((a, b) => magnitudeOf(b) - magnitudeOf(a))
  if (change !== undefined) return { field: change.field, value: String(change.to) }
  return { field: 'version', value: releases[0]!.version }
}
