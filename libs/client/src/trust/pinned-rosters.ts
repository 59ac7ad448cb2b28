import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HmsError, type Envelope } from '#libs/contracts'
import { readGivenText, replaceFile } from '#libs/files'
import { nextRoster, readRoster, SignatureError, type Roster } from '#libs/signing'
import { readIfThere } from '../keys/files.js'
import type { RosterSource } from './roster-source.js'

/** `pinned`: the operator named the roster. `first-use`: it is the first one of a loopback address. */
export type TrustKind = 'pinned' | 'first-use'

/** Rosters from the pinned to the newest, as stored in the cache folder. */
interface SavedRosters {
  format: 1
  kind: TrustKind
  rosters: Envelope[]
}

/** More rotations than occur in a decade; the response size is bounded too. */
const MAX_ROSTERS = 1_000
const MAX_ROSTER_BYTES = 4 * 1024 * 1024

/** Rosters trusted by a reader: a pinned one, and its verified successors. */
export class PinnedRosters {
  private constructor(
    readonly kind: TrustKind,
    private readonly envelopes: Envelope[],
    private current: Roster,
    private readonly source: RosterSource,
    private readonly file: string | undefined,
  ) {}

  get newest(): Roster {
    return this.current
  }

  /** Returns all known rosters, newest first: earlier statements are judged by the roster of their time. */
  all(): Roster[] {
    const rosters = this.envelopes
      .slice(1)
      .reduce<Roster[]>((known, envelope) => [...known, nextRoster(known.at(-1)!, envelope)], [readRoster(this.envelopes[0])])
    return rosters.toReversed()
  }

  /**
   * Returns all known rosters and those before the pinned one that the source provides. They are as trustworthy as the pinned roster: it
   * names the first of its installation, and each follows its predecessor.
   */
  async allEver(): Promise<Roster[]> {
    const known = this.all()
    const pinned = known.at(-1)!
    if (pinned.version === 1 || this.source.all === undefined) return known
    try {
      const steps = (await this.source.all()).slice(0, MAX_ROSTERS)
      const first = readRoster(steps[0])
      const chain = [first]
      for (const envelope of steps.slice(1)) if (chain.at(-1)!.version < pinned.version) chain.push(nextRoster(chain.at(-1)!, envelope))
      const isItsOwn = first.digest === pinned.installation && chain.at(-1)!.digest === pinned.digest
      return isItsOwn ? [...known, ...chain.slice(0, -1).toReversed()] : known
    } catch (error) {
      if (error instanceof SignatureError || error instanceof HmsError) return known
      throw error
    }
  }

  /**
   * Opens the rosters. `pinned`: path or bytes of the roster. Without one, the source's newest is pinned if it may be trusted at first use,
   * and remembered in `cacheDir`. Throws `HMS_ROSTER_REQUIRED`, `HMS_ROSTER_UNREADABLE`, `HMS_UNREACHABLE`, or the refusal of the roster.
   */
  static async open(pinned: string | Uint8Array | undefined, source: RosterSource, cacheDir: string | undefined): Promise<PinnedRosters> {
    const file = cacheDir === undefined ? undefined : join(cacheDir, `rosters-${nameOf(source.name)}.json`)
    const saved = await load(file)
    if (pinned !== undefined) {
      const envelope = await readPinned(pinned)
      const kept = saved?.rosters.findIndex((other) => other.payload === envelope.payload) ?? -1
      return PinnedRosters.of('pinned', [envelope, ...(kept < 0 ? [] : saved!.rosters.slice(kept + 1))], source, file)
    }
    if (source.first === undefined) {
      throw new HmsError('HMS_ROSTER_REQUIRED', `No roster is known for ${source.name}: set the option roster or HMS_ROSTER.`, {
        status: 400,
        next: ['hms-svc roster show --json > roster.json', 'HMS_ROSTER=roster.json node BOT'],
      })
    }
    if (saved?.kind === 'first-use') return PinnedRosters.of('first-use', saved.rosters, source, file)
    const shown = await source.first()
    if (shown === undefined)
      throw new HmsError('HMS_ROSTER_REQUIRED', `${source.name} shows no roster.`, { status: 400, next: ['hms-svc roster show'] })
    const first = PinnedRosters.of('first-use', [shown], source, file)
    await first.save()
    return first
  }

  /**
   * Fetches the successors of the newest roster. A step that does not follow is refused with its code, and the steps behind it are ignored.
   */
  async follow(): Promise<void> {
    const before = this.current
    const steps = await this.source.after(before)
    try {
      for (const envelope of steps.slice(0, MAX_ROSTERS)) {
        this.current = nextRoster(this.current, envelope)
        this.envelopes.push(envelope)
      }
    } finally {
      if (this.current !== before) await this.save()
    }
  }

  private static of(kind: TrustKind, [first, ...rest]: Envelope[], source: RosterSource, file: string | undefined): PinnedRosters {
    const pinned = readRoster(first)
    const newest = rest.reduce((roster, envelope) => nextRoster(roster, envelope), pinned)
    return new PinnedRosters(kind, [first!, ...rest], newest, source, file)
  }

  private async save(): Promise<void> {
    if (this.file === undefined) return
    const saved: SavedRosters = { format: 1, kind: this.kind, rosters: this.envelopes }
    await mkdir(join(this.file, '..'), { recursive: true, mode: 0o700 })
    await replaceFile(this.file, JSON.stringify(saved), 0o600)
  }
}

async function readPinned(pinned: string | Uint8Array): Promise<Envelope> {
  try {
    return JSON.parse(
      typeof pinned === 'string' ? await readGivenText(pinned, MAX_ROSTER_BYTES) : Buffer.from(pinned).toString('utf8'),
    ) as Envelope
  } catch (error) {
    const what = typeof pinned === 'string' ? pinned : 'the roster given'
    throw new HmsError('HMS_ROSTER_UNREADABLE', `${what} cannot be read as a signed roster.`, {
      status: 400,
      cause: error,
      next: ['hms-svc roster show --json'],
    })
  }
}

/** Loads the saved rosters. An unreadable file must not be dropped silently: pinning again would serve a thief of the folder. */
async function load(file: string | undefined): Promise<SavedRosters | undefined> {
  const text = file === undefined ? undefined : await readIfThere(file)
  if (text === undefined) return undefined
  try {
    const saved = JSON.parse(text) as Partial<SavedRosters>
    if (saved.format === 1 && Array.isArray(saved.rosters) && saved.rosters.length > 0) return saved as SavedRosters
  } catch {
    // Refused below.
  }
  throw new SignatureError('HMS_ROSTER_INVALID', `${file} is damaged; remove it to pin the roster again`)
}

function nameOf(source: string): string {
  return createHash('sha256').update(source).digest('hex').slice(0, 16)
}
