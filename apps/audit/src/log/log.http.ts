import { action, HmsError, type ApprovedReleases, type AuditProof } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { linkNext, Paged, Public, Rosters } from '#libs/service'
import { entryBundle, readTilePath, tileWidth, TILE_WIDTH } from '#libs/signing'
import { Controller, Get, Header, Param, Query, Res, StreamableFile } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { ProofQueryDto, ReleasesQueryDto } from './log.dto.js'
import { byEntry, proofOf } from './proof-of.js'
import { TreeStore, type PublishedCheckpoint } from './tree.store.js'

const FOR_GOOD = 'public, max-age=31536000, immutable'

/** Serves the log as C2SP tlog-tiles, and proofs of releases. Everything is public, and covered by the published checkpoint. */
@Controller()
export class LogController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly tree: TreeStore,
  ) {}

  /** Returns the newest published checkpoint of the log, signed by the log and its witnesses. */
  @Get('checkpoint')
  @Public()
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-cache')
  async checkpoint(): Promise<string> {
    return (await this.inPublished(async (_tx, published) => published)).note
  }

  /** Returns a tile of hashes or a bundle of entries. A full tile never changes. */
  @Get('tile/*')
  @Public()
  async tile(@Param('*') path: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
    const tile = readTilePath(path)
    const bytes = await this.inPublished(async (tx, { size }) => {
      if (tile === undefined || tile.width > tileWidth(tile.level, tile.index, size)) return undefined
      const start = tile.index * TILE_WIDTH
      if (tile.level === 'entries')
        return entryBundle((await this.tree.entries(tx, start, start + tile.width)).map((entry) => Buffer.from(entry)))
      return Buffer.concat(await this.tree.hashes(tx, tile.level, start, start + tile.width))
    })
    if (bytes === undefined)
      throw new HmsError('HMS_AUDIT_TILE_UNKNOWN', 'The log has no such tile.', { status: 404, next: ['GET /checkpoint'] })
    void reply.header('cache-control', FOR_GOOD)
    return new StreamableFile(bytes, { type: 'application/octet-stream' })
  }

  /** Proves that the approval of a policy's version is in the log. */
  @Get('v1/audit/proofs')
  @Public()
  async proofOfVersion(@Query() { policy, version }: ProofQueryDto): Promise<AuditProof> {
    return this.proof({ policy, version }, `${policy}@${version}`)
  }

  /** Proves that the approval of a release is in the log. */
  @Get('v1/audit/proofs/:digest')
  @Public()
  async proofOfDigest(@Param('digest') digest: string): Promise<AuditProof> {
    return this.proof({ digest }, digest)
  }

  /** Returns the releases of the approvals among the entries from `from` on; an entry itself contains only their root. */
  @Get('v1/audit/releases')
  @Public()
  @Paged(undefined, { after: 'from' })
  async releases(
    @Query() { from, limit = TILE_WIDTH }: ReleasesQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApprovedReleases[]> {
    return this.inPublished(async (tx, { size }) => {
      const end = Math.min(from + limit, size)
      if (end < size) linkNext(reply, end)
      return Array.from(await byEntry(this.tree, tx, from, end), ([index, releases]) => ({
        index,
        releases: releases.map(({ policy, version, digest }) => ({ policy, version, digest })),
      }))
    })
  }

  private async proof(which: { digest: string } | { policy: string; version: string }, name: string): Promise<AuditProof> {
    const release = await this.database.autocommit((tx) => this.tree.release(tx, which))
    if (release === undefined)
      throw new HmsError('HMS_AUDIT_PROOF_UNKNOWN', `The log has no approved release ${name}.`, {
        status: 404,
        next: [action('audit.log')],
      })
    const { digest, policy, version } = release
    return this.inPublished(async (tx, published) => {
      if (release.index >= published.size) throw notYet()
      return { digest, policy, version, ...(await proofOf(this.tree, tx, release, published)) }
    })
  }

  private async inPublished<T>(read: (tx: Transaction, published: PublishedCheckpoint) => Promise<T>): Promise<T> {
    if (this.rosters.newest.logPolicy === undefined)
      throw new HmsError('HMS_AUDIT_NO_LOG', 'The roster of this installation names no log.', { status: 404, next: [action('dev.reset')] })
    return this.database.transaction(async (tx) => {
      const published = await this.tree.latest(tx)
      if (published === undefined) throw notYet()
      return read(tx, published)
    })
  }
}

export function notYet(): HmsError {
  const detail = 'No checkpoint covers that yet; one follows within a second when the witnesses sign.'
  return new HmsError('HMS_AUDIT_NOT_PUBLISHED', detail, { status: 503, retryable: true, next: [action('audit.verify')] })
}
