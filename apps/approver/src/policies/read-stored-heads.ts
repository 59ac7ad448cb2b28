import { readText, type ConfigDocument, type ReleaseDocument, type StreamFrame } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { describeError } from '#libs/platform'
import { CONFIG_STORE_URLS, Rosters } from '#libs/service'
import { Signer, signRequest, STABLE_SCOPE, verifyHead, type OpenedRelease, type VerifiedHead } from '#libs/signing'
import { Inject, Injectable } from '@nestjs/common'
import type { StoredHead } from './stored-heads.js'

const TIMEOUT_MS = 1_500
/** Maximum response size. A policy has at most 256 KiB; the response also contains the other members of its bundles. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024

/** Stable heads as stored; `failure`: why no config-store could be read. */
export interface StoredHeadsResult {
  heads: StoredHead[]
  failure?: string
}

/** Reads stable heads from config-store, which receives rollbacks directly, also while the broker is down. */
@Injectable()
export class ReadStoredHeads {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly signer: Signer,
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
    return { heads: ids.flatMap((id) => newestOf(id, found.flat()) ?? []) }
  }

  private async read(url: string, ids: readonly string[]): Promise<StoredHead[]> {
    const { signer } = this
    const roster = this.rosters.newest
    const path = `/v1/snapshot?policies=${ids.join(',')}`
    const at = await this.database.transaction(async (tx) => tx.now)
    const request = { audience: roster.installation, method: 'GET', path, body: Buffer.alloc(0), at }
    const response = await fetch(url + path, {
      headers: { authorization: await signRequest(signer, request) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    })
    const body = await readText(response.body, MAX_RESPONSE_BYTES)
    if (!response.ok) throw new Error(`config-store returned status ${response.status}`)
    const { documents } = JSON.parse(body) as StreamFrame
    const stable = documents.filter(({ id, scope }) => scope === STABLE_SCOPE && ids.includes(id))
    return stable.map((document) => storedHead(document, verifyHead(document, roster))) // guard: stored-head-verified
  }
}

function newestOf(id: string, heads: readonly StoredHead[]): StoredHead | undefined {
  return heads.filter(({ policy }) => policy === id).sort((a, b) => b.seq - a.seq)[0]
}

function storedHead({ id }: ConfigDocument, { head, release, next }: VerifiedHead): StoredHead {
  if (head.policy !== id || head.scope !== STABLE_SCOPE) throw new Error(`the head of ${id} is that of ${head.policy}@${head.scope}`)
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
