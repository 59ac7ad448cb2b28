import type { Consent, Consequence } from '#libs/policy'

export const consequenceText = ({ sentence }: Pick<Consequence, 'sentence'>): string => `${sentence}.`

export const notVerifiedText = (why: string): string => `CONSEQUENCE NOT VERIFIED: ${why}`

/** Value that a person types again before a large change is signed. `field`: of the policy, or `version`. */
export interface TypedAgain {
  field: string
  value: string
}

/** Returns the first new number of the releases, or the new version if no number changes. */
export function typedAgainOf({ releases }: Pick<Consent, 'releases'>): TypedAgain {
  const change = releases.flatMap(({ changes = [] }) => changes).find(({ to }) => typeof to === 'number')
  if (change !== undefined) return { field: change.field, value: String(change.to) }
  return { field: 'version', value: releases[0]!.version }
}
