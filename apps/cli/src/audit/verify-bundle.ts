import { EXIT } from '#libs/contracts'
import { verifyBundle } from '#libs/verify'
import type { CliContext } from '../context.js'
import { readGivenFile } from '../files.js'
import { MAX_SIGNED_BYTES } from '../roster/pinned-roster.js'

export interface VerifyOptions {
  roster: string
}

/** Verifies a bundle offline. */
export async function verifyGivenBundle(context: CliContext, file: string, { roster }: VerifyOptions): Promise<number> {
  const [bytes, trusted] = await Promise.all([readGivenFile(file, MAX_SIGNED_BYTES), readGivenFile(roster, MAX_SIGNED_BYTES)])
  const { policy, release, proof, stale } = await verifyBundle(bytes, { roster: trusted, at: new Date(context.io.now()) })
  if (stale !== undefined) context.output.note(`${stale.code}: ${stale.detail}`)
  context.output.data({ policy, release, proof, ...(stale === undefined ? {} : { stale }) }, () => [
    `${context.output.paint.good('✓')} ${policy.id}@${policy.version} was approved by ${release.approvedBy.join(', ')}`,
    `${context.output.paint.good('✓')} rollout's head ${release.seq} made it the one in force for all; a later head is unknown offline`,
    `${context.output.paint.good('✓')} the approval is entry ${proof.index} of ${proof.size} in the log, seen by the ` +
      `witnesses at ${proof.witnessedAt}`,
    ...Object.entries(policy).map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ])
  return EXIT.done
}
