import type { ReleaseDocument } from '#libs/contracts'
import { hexOf } from '../digest.js'
import { isCount, nullable, objectOf, type Check, type Shape } from '../shape.js'
import type { StatementKind } from '../statement-kind.js'

/** Subject of an attestation: the releases of one attempt of a run; `null` where there is no run, or none yet. */
export interface AttestedRun {
  run: number | null
  attempt: number | null
  releases: readonly Pick<ReleaseDocument, 'id' | 'version' | 'releaseDigest'>[]
}

/** In-toto's predicates may have further members whose names are URIs. This one binds the attestation to one attempt. */
export const ATTEMPT = 'https://hms-svc.dev/attestation/attempt/v1'

export type OfAttempt = { [ATTEMPT]: Pick<AttestedRun, 'run' | 'attempt'> }

/** Defines a statement about exactly these releases in exactly this attempt. Subjects are the releases, by release digest. */
export function attestationOf<T extends OfAttempt>(
  predicateType: string,
  shape: Shape,
  { run, attempt, releases }: AttestedRun,
): StatementKind<T> {
  const subjects = releases.map(({ id, version, releaseDigest }) => ({
    name: `${id}@${version}`,
    digest: { sha256: hexOf(releaseDigest) },
  }))
  const isAttempt: Check = objectOf({ run: nullable(isCount), attempt: nullable(isCount) })
  return {
    predicateType,
    shape: { ...shape, [ATTEMPT]: isAttempt },
    subject: () => subjects,
    contradiction({ [ATTEMPT]: about }) {
      return about.run === run && about.attempt === attempt
        ? undefined
        : `it is about attempt ${about.attempt} of run ${about.run}, not about attempt ${attempt} of run ${run}`
    },
  }
}
