import { defined, type Envelope, type PolicyView } from '#libs/contracts'
import { effectiveBreakGlass, changeView, type ReleasePredicate, type VerifiedRelease } from '#libs/signing'

/** Authors and approvers of a release. */
export interface Origin {
  approvedBy: string[]
  author: string | null
  soleOfficial: boolean
}

export function originOf(release: VerifiedRelease | null): Origin {
  return { approvedBy: release?.approvedBy ?? [], author: release?.predicate.author ?? null, soleOfficial: release?.soleOfficial === true }
}

/** Returns the provenance of a release as readers see it. `change`: signed reason of the head that put it in force. */
export function provenanceOf(
  { run, digest, predicate }: { run: number | null; digest: string; predicate: ReleasePredicate },
  { author, approvedBy, soleOfficial }: Origin,
  change: Envelope | undefined,
): PolicyView['provenance'] {
  return {
    run,
    digest,
    author,
    approvedBy,
    ...(soleOfficial ? { soleOfficial } : {}),
    ...defined({ breakGlass: effectiveBreakGlass(predicate), change: changeView(change, { predicate, approvedBy }) }),
  }
}
