import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { HmsError, jsonIn, type Envelope } from '#libs/contracts'
import { readGivenText, replaceFile } from '#libs/files'
import { SignatureError } from '#libs/signing'
import { backoffMs } from '../backoff.js'
import type { ApiClient } from '../api/api-client.js'
import { systemClock, type Clock } from '../clock.js'
import { readIfThere } from '../keys/files.js'
import {
  httpRosters,
  MAX_ROSTER_BYTES,
  PinnedRosters,
  rosterRefusal,
  type RosterSource,
  type TrustKind,
  unreadableRoster,
} from './pinned-rosters.js'

export interface OpenRostersOptions {
  /** Path or bytes of the roster. If missing, the source's newest roster is pinned, provided the source may be trusted on first use. */
  pinned: string | Uint8Array | undefined
  source: RosterSource
  /** Folder that stores the rosters. */
  cacheDir: string | undefined
  clock: Clock
  random?: () => number
  /** Deadline in the clock's `elapsed` time. */
  until: number
}

/** Content of the file in the cache folder: the rosters from the pinned to the newest. */
interface SavedRosters {
  format: 1
  kind: TrustKind
  rosters: Envelope[]
}

const REQUIRED = {
  how: 'set the option roster or HMS_ROSTER',
  next: ['hms-svc roster show --json > roster.json', 'HMS_ROSTER=roster.json node BOT'],
}

/** Opens the trusted rosters, with retries until `until`. Throws `HMS_ROSTER_REQUIRED`, `…_UNREADABLE`, or a refusal. */
export async function openRosters({ clock, random, until, ...options }: OpenRostersOptions): Promise<PinnedRosters> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptOpen(options)
    } catch (error) {
      const waitMs = backoffMs(attempt, random)
      if (!(error instanceof HmsError && error.retryable) || clock.elapsed() + waitMs >= until) throw rosterRefusal(error)
      // Not a timer of the clock, which would not keep the process alive while the caller waits.
      await setTimeout(waitMs)
    }
  }
}

/** Opens the newest rosters from the pinned one, else of a loopback address; `undefined` without either. Throws for one that is refused. */
export async function openRostersIfAny(api: ApiClient, { pinned, cacheDir }: Pick<OpenRostersOptions, 'pinned' | 'cacheDir'>) {
  try {
    const rosters = await openRosters({ pinned, source: httpRosters(api), cacheDir, clock: systemClock, until: 0 })
    await rosters.follow().catch(() => undefined)
    return rosters
  } catch (error) {
    // Status 422 means that a roster exists and was refused.
    if (pinned === undefined && error instanceof HmsError && error.status !== 422) return undefined
    throw error
  }
}

async function attemptOpen({
  pinned,
  source,
  cacheDir,
}: Pick<OpenRostersOptions, 'pinned' | 'source' | 'cacheDir'>): Promise<PinnedRosters> {
  const name = createHash('sha256').update(source.name).digest('hex').slice(0, 16)
  const file = cacheDir === undefined ? undefined : join(cacheDir, `rosters-${name}.json`)
  const saved = await load(file)
  const saverOf = (kind: TrustKind) => async (rosters: readonly Envelope[]) => save(file, { format: 1, kind, rosters: [...rosters] })
  if (pinned !== undefined) {
    const envelope = await readPinned(pinned)
    const kept = saved?.rosters.findIndex((other) => other.payload === envelope.payload) ?? -1
    return PinnedRosters.of('pinned', [envelope, ...(kept < 0 ? [] : saved!.rosters.slice(kept + 1))], source, saverOf('pinned'))
  }
  if (source.first !== undefined && saved?.kind === 'first-use')
    return PinnedRosters.of('first-use', saved.rosters, source, saverOf('first-use'))
  return PinnedRosters.atFirstUse(source, REQUIRED, saverOf('first-use'))
}

async function readPinned(pinned: string | Uint8Array): Promise<Envelope> {
  try {
    const text = typeof pinned === 'string' ? await readGivenText(pinned, MAX_ROSTER_BYTES) : Buffer.from(pinned).toString('utf8')
    return JSON.parse(text) as Envelope
  } catch (error) {
    throw unreadableRoster(typeof pinned === 'string' ? pinned : 'the roster given', error)
  }
}

/** Loads the saved rosters. Throws for a damaged file: ignored, it would let an attacker make the reader pin another roster. */
async function load(file: string | undefined): Promise<SavedRosters | undefined> {
  const text = file === undefined ? undefined : await readIfThere(file)
  if (text === undefined) return undefined
  const saved = (jsonIn(text) ?? {}) as Partial<SavedRosters>
  if (saved.format === 1 && Array.isArray(saved.rosters) && saved.rosters.length > 0) return saved as SavedRosters
  throw new SignatureError('HMS_ROSTER_INVALID', `${file} is damaged; remove it to pin the roster again`)
}

async function save(file: string | undefined, saved: SavedRosters): Promise<void> {
  if (file === undefined) return
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 })
  await replaceFile(file, JSON.stringify(saved), 0o600)
}
