import { STABLE_SCOPE } from '#libs/signing'
import { isOnStable, standing, type HeldDocument } from './evaluate.js'

/**
 * Determines which canaries of bundles a reader ignores: a bundle with members that are missing, or not issued together, or of which one
 * has lost its base, is not used, so that no reader applies the rest (ADR 0089). `all`: the whole copy, after it applied documents. Returns
 * the documents that replace theirs. Pure.
 */
export function withWholeBundles<H extends HeldDocument>(all: readonly H[], now: number): H[] {
  const canaries = all.filter(({ head }) => head.scope !== STABLE_SCOPE && head.cohortKey !== undefined && head.bundle !== undefined)
  if (canaries.length === 0) return []
  const stable = new Map(all.flatMap((held) => (held.head.scope === STABLE_SCOPE ? [[held.head.policy, held] as const] : [])))
  const whole = new Map<string, number>()
  for (const { head } of canaries) {
    const below = stable.get(head.policy)
    if (!isOnStable(head, below && standing(below, now).head)) continue
    whole.set(head.bundle!.digest, (whole.get(head.bundle!.digest) ?? 0) + 1)
  }
  return canaries.flatMap((held) => {
    const { digest, size } = held.head.bundle!
    const isParted = whole.get(digest) !== size
    return (held.isParted ?? false) === isParted ? [] : [marked(held, isParted)]
  })
}

function marked<H extends HeldDocument>(held: H, isParted: boolean): H {
  return { ...held, isParted, next: held.next && { ...held.next, held: { ...held.next.held, isParted } } }
}
