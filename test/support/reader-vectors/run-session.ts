import { HeldDocuments } from '../../../libs/client/src/connection/held-documents.js'
import { DocumentTrust } from '../../../libs/client/src/trust/document-trust.js'
import { ReaderTime } from '../../../libs/client/src/trust/reader-time.js'
import { nextRoster, readRoster, SignatureError, stableDigest } from '#libs/signing'
import type { Expected, Vector } from './vectors.js'

/** Runs a session through the SDK's reader. Returns what it makes of each step. */
export function runSession({ reader, roster: pinned, steps }: Vector): Expected[] {
  let now = 0
  let roster = readRoster(pinned)
  const time = new ReaderTime({ now: () => now, elapsed: () => now, after: () => ({ cancel: () => {} }) })
  const trust = new DocumentTrust(() => roster, time)
  const copy = new HeldDocuments(trust)
  return steps.map(({ at, rosters = [], freshness, documents = [] }) => {
    now = Date.parse(at)
    const refused: string[] = []
    const attempt = (act: () => void): void => {
      try {
        act()
      } catch (error) {
        if (!(error instanceof SignatureError)) throw error
        refused.push(error.code)
      }
    }
    for (const envelope of rosters) attempt(() => (roster = nextRoster(roster, envelope)))
    if (freshness !== undefined) attempt(() => trust.acceptFreshness(freshness))
    refused.push(...copy.apply(documents, now).map(({ document: { id, scope }, error: { code } }) => `${id}@${scope} ${code}`))
    const found = [...copy.inForce(reader, now)].sort(([a], [b]) => (a < b ? -1 : 1))
    const values = Object.fromEntries(found.map(([id, { held }]) => [id, { version: held.value.version, limit: held.value['limit'] }]))
    return { roster: roster.version, refused, values, doubt: trust.doubt(stableDigest(copy.stableHeads())) ?? null }
  })
}
