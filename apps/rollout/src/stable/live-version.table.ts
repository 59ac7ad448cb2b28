import type { ReleaseDocument } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/** A version that was in force for all. Kept for good, a row each: what people may sign a rollback to. */
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

/** Called before a head moves on from what is in force. */
export async function rememberLive(tx: Transaction, release: ReleaseDocument | null): Promise<void> {
  if (release === null) return
  const { id: policy, version, policyDigest } = release
  await tx.documents(LIVE_VERSIONS).insert({ policy, version, policyDigest })
}

/** Undefined for a version that was never in force before what is now. */
export function liveVersion(tx: Transaction, policy: string, version: string): Promise<LiveVersion | undefined> {
  return tx.documents(LIVE_VERSIONS).get(`${policy}@${version}`)
}
