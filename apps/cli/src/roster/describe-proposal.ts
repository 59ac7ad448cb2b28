import { peekPredicate, type RosterProposalView } from '#libs/contracts'
import type { Roster, RosterPredicate } from '#libs/signing'
import type { CliContext } from '../context.js'
import { describeDifference } from './describe-difference.js'

/** Returns what a signer should read before the key is unlocked. */
export function describeProposal(current: Roster, next: Roster): string[] {
  const [from, to] = [current, next].map(({ envelope }) => peekPredicate<RosterPredicate>(envelope)) as [RosterPredicate, RosterPredicate]
  // Later rosters name the first one: that is no change.
  return [...describeDifference({ installation: current.installation, ...from }, to), `  Digest ${next.digest}`]
}

/** Prints the missing signers; with --json only the proposal. */
export function printProgress({ output }: CliContext, view: RosterProposalView): void {
  if (output.mode === 'json') return output.data(view, () => [])
  const { acceptUnreadable = [] } = view
  if (acceptUnreadable.length > 0) output.note(`Accepted: readers may refuse what is live of ${acceptUnreadable.join(', ')}`)
  if (view.state === 'CURRENT') return output.done(`Roster ${view.version} is in force`)
  for (const { version, signedBy, threshold } of view.progress) {
    const missing = Math.max(0, threshold - signedBy.length)
    output.done(
      `Roster ${version} asks for ${threshold}: signed by ` +
        `${signedBy.join(', ') || 'no one'}${missing === 0 ? '' : `; ${missing} more needed`}`,
    )
  }
}
