import type { PinnedRosters } from '#libs/client'
import { HmsError, type Trial } from '#libs/contracts'
import { consequenceOf, type Consequence } from '#libs/policy'
import { readTrial, SignatureError, type TrialDocuments } from '#libs/signing'
import type { Paint } from '../output/paint.js'

const MAX_SHOWN = 4

/** Effect on recorded readings, or why it is not known: simulator's statement is missing or invalid. Neither if nothing was replayed. */
export type VerifiedConsequence = { consequence?: Consequence[]; consequenceNotVerified?: string }

/** Verifies simulator's statement with the trusted roster. `about`: documents that are shown, or why those in force are not known. */
export async function verifyConsequence(
  simulation: Trial | null,
  about: TrialDocuments | string,
  rostersHere: () => Promise<PinnedRosters | undefined>,
): Promise<VerifiedConsequence> {
  if (simulation === null || (simulation.verdict === 'INCONCLUSIVE' && simulation.reportDigest === null)) return {}
  if (typeof about === 'string') return { consequenceNotVerified: about }
  if (simulation.statement === undefined) return { consequenceNotVerified: 'simulator signed no statement' }
  try {
    const rosters = await rostersHere()
    if (rosters === undefined) return { consequenceNotVerified: 'no roster here; name it in HMS_ROSTER' }
    return { consequence: consequenceOf(readTrial(simulation.statement, about, rosters.newest.serviceKeys('simulator'))) }
  } catch (error) {
    if (!(error instanceof SignatureError || error instanceof HmsError)) throw error
    return { consequenceNotVerified: `${error.detail} (${error.code})` }
  }
}

/** Renders one line for each scenario, those of a large change first. */
export function consequenceLines({ consequence = [], consequenceNotVerified }: VerifiedConsequence, paint: Paint): string[] {
  if (consequenceNotVerified !== undefined) return [`  ${paint.bad(`consequence not verified: ${consequenceNotVerified}`)}`]
  const sorted = consequence.toSorted((a, b) => Number(b.large) - Number(a.large))
  const lines = sorted.map(({ scenario, sentence, large }) => {
    const text = sorted.length === 1 ? sentence : `${scenario}: ${sentence}`
    return `  ${large ? paint.warn(text) : paint.bold(text)}`
  })
  const rest = lines.splice(MAX_SHOWN).length
  return rest === 0 ? lines : [...lines, `  and ${rest} more scenarios, with --json`]
}
