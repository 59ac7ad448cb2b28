import type { ReleaseDocument } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/** Version that was in force for all readers. Retained forever, one row per version, as a possible target of signed rollbacks. */
export interface LiveVersion {
  policy: string
  version: string
  policyDigest: string
}

export const LIVE_VERSIONS = documentTable<LiveVersion>({
  name: 'live_version',
  id: ({ policy, version }) => `${policy}@${version}`,
  keys: {},
})

/** Records the version of the release in force, before a head replaces it. */
export async function recordLiveVersion(tx: Transaction, release: ReleaseDocument | null): Promise<void> {
  if (release === null) return
  const { id: policy, version, policyDigest } = release
  await tx.documents(LIVE_VERSIONS).insert({ policy, version, policyDigest })
}

/** Returns the record of a version; `undefined` if no head has replaced the version yet, or if it was never in force. */
export function liveVersion(tx: Transaction, policy: string, version: string): Promise<LiveVersion | undefined> {
  return tx.documents(LIVE_VERSIONS).get(`${policy}@${version}`)
}
