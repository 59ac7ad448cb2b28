import type { ReleaseDocument } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/** Version that was in force for all. Retained forever, a row each, as targets of signed rollbacks. */
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

/** Called before a head replaces the release in force. */
export async function rememberLive(tx: Transaction, release: ReleaseDocument | null): Promise<void> {
  if (release === null) return
  const { id: policy, version, policyDigest } = release
  await tx.documents(LIVE_VERSIONS).insert({ policy, version, policyDigest })
}

/** Returns `undefined` for a version that was never in force before the current one. */
export function liveVersion(tx: Transaction, policy: string, version: string): Promise<LiveVersion | undefined> {
  return tx.documents(LIVE_VERSIONS).get(`${policy}@${version}`)
}
