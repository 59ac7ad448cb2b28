import { type ConfigDocument, type ReleaseDocument, type StreamFrame } from '#libs/contracts'
import { describeError } from '#libs/platform'
import { CONFIG_STORE_URLS, PeerReads, Rosters } from '#libs/service'
import { STABLE_SCOPE, verifyHead, type OpenedRelease, type VerifiedHead } from '#libs/signing'
import { Inject, Injectable } from '@nestjs/common'
import type { StoredHead } from './stored-heads.js'

/** A policy has at most 256 KiB; the response also contains the other members of its bundles. */
const BOUNDS = { timeoutMs: 1_500, maxBytes: 32 * 1024 * 1024 }

/** Stable heads as stored; `failure`: why no config-store could be read. */
export interface StoredHeadsResult {
  heads: StoredHead[]
  failure?: string
}

/** Reads stable heads from config-store, which receives rollbacks directly, also while the broker is down. */
@Injectable()
export class ReadStoredHeads {
  constructor(
    private readonly peers: PeerReads,
    private readonly rosters: Rosters,
    @Inject(CONFIG_STORE_URLS) private readonly configStoreUrls: readonly string[],
  ) {}

  /** Queries all config-stores at once and returns the newest verified head of each policy. Never throws. */
  async execute(ids: readonly string[]): Promise<StoredHeadsResult> {
    const urls = this.configStoreUrls
    if (urls.length === 0) return { heads: [], failure: 'none is configured (HMS_CONFIG_STORE_URLS)' }
    const results = await Promise.allSettled(urls.map((url) => this.read(url, ids)))
    const found = results.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const [failed] = results.flatMap((answer) => (answer.status === 'rejected' ? [describeError(answer.reason)] : []))
    if (found.length === 0) return { heads: [], failure: failed }
    const newestFirst = found.flat().sort((a, b) => b.seq - a.seq)
    return { heads: ids.flatMap((id) => newestFirst.find(({ policy }) => policy === id) ?? []) }
  }

  private async read(url: string, ids: readonly string[]): Promise<StoredHead[]> {
    const roster = this.rosters.newest
    const { documents } = await this.peers.get<StreamFrame>(url, `/v1/snapshot?policies=${ids.join(',')}`, BOUNDS)
    const stable = documents.filter(({ id, scope }) => scope === STABLE_SCOPE && ids.includes(id))
    return stable.map((document) => storedHead(document, verifyHead(document, roster))) // guard: stored-head-verified
  }
}

function storedHead({ id }: ConfigDocument, { head, release, next }: VerifiedHead): StoredHead {
  if (head.policy !== id || head.scope !== STABLE_SCOPE) throw new Error(`${id} has the head of ${head.policy}@${head.scope}`)
  return {
    policy: id,
    seq: head.seq,
    live: release && documentOf(release),
    ...(next === null ? {} : { next: { release: documentOf(next.release), at: new Date(next.atMs).toISOString() } }),
  }
}

function documentOf({ predicate, digest, policyDigest, envelope }: OpenedRelease): ReleaseDocument {
  const { policy, releaseEpoch } = predicate
  return { id: policy.id, version: policy.version, policyDigest, releaseDigest: digest, releaseEpoch, envelope }
}
