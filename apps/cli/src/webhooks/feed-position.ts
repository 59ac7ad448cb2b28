import { replaceFile } from '#libs/files'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { usageError } from '../errors.js'
import { readGivenText } from '../files.js'

/** Position of a listener. */
export interface FeedPosition {
  /** Creation time of the newest message that was forwarded, or skipped at the start. */
  newest: string
  /** Forwarded message ids created near that time: transactions may commit in another order than they began. */
  seen: { id: string; at: string }[]
  secret: string
}

/** Overlap in ms: a transaction that began this long before another may commit after it. */
export const OVERLAP_MS = 60_000

export function mintSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** Returns the position after a message was forwarded. Its size is bounded by the messages of a minute. */
export function after(position: FeedPosition, id: string, at: string): FeedPosition {
  const newest = at > position.newest ? at : position.newest
  const horizonMs = Date.parse(newest) - OVERLAP_MS
  return { ...position, newest, seen: [...position.seen, { id, at }].filter((each) => Date.parse(each.at) >= horizonMs) }
}

/** Stores the position, so a restarted listener continues. Its secret is for one machine only. */
export class PositionFile {
  private readonly folder: string
  private readonly file: string

  constructor(dataDir: string, url: string, partner: string | undefined) {
    // Only `dev` creates a data folder.
    this.folder = join(existsSync(dataDir) ? dataDir : join(homedir(), '.config', 'hms-svc'), 'webhooks')
    this.file = join(this.folder, `${encodeURIComponent(url)}~${encodeURIComponent(partner ?? 'all')}.json`)
  }

  async read(): Promise<FeedPosition | undefined> {
    if (!existsSync(this.file)) return undefined
    const text = await readGivenText(this.file)
    try {
      const read = JSON.parse(text) as FeedPosition
      if (typeof read.secret === 'string' && Array.isArray(read.seen)) return read
    } catch {
      // Treated like JSON of another schema.
    }
    throw usageError(`${this.file} does not say how far the listener came`, ['hms-svc webhooks listen --forward URL --from 1h'])
  }

  async write(position: FeedPosition): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    // Another listener may write at the same time.
    await replaceFile(this.file, JSON.stringify(position), 0o600)
  }
}
