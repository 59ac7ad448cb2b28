import { peekPredicate, type PreparedApproval, type RosterStep } from '#libs/contracts'
import {
  authorsOf,
  countsOnRelease,
  readUnsignedRoster,
  type EarlierLog,
  orRefusal,
  SignatureError,
  unlessRefused,
  type ReleasePredicate,
  type Roster,
  type RosterPredicate,
} from '#libs/signing'
import { mapAnswer, type Answer, type Read } from '../reading/answer.js'

/** People that the page's script recognises by their keys. Approver judges what counts, whatever a page says. */
export interface People {
  installation: string
  /** Names of people by key id. */
  names: Record<string, string>
  roster: Roster
  /** Logs whose checkpoints count: the present log first, then the earlier ones. */
  logs: LogKeys[]
}

export async function readPeople(read: Read): Promise<Answer<People>> {
  const answer = await read<RosterStep[]>('/v1/roster')
  if (answer.kind === 'loaded' && answer.value.length === 0) return { kind: 'missing', detail: 'There is no roster yet.' }
  const people = orRefusal(() => mapAnswer(answer, peopleOf))
  return people instanceof SignatureError ? { kind: 'missing', detail: `The roster cannot be read: ${people.detail}.` } : people
}

function peopleOf(steps: readonly RosterStep[]): People {
  const [first, newest] = [steps[0]!, steps.at(-1)!].map(({ envelope }) => readUnsignedRoster(envelope)) as [Roster, Roster]
  const roster = newest.following(first)
  const names = Object.fromEntries(roster.people.flatMap(({ name, keys }) => keys.map(({ keyid }) => [keyid, name])))
  return { installation: first.installation, names, roster, logs: logsOf(steps.at(-1)!) }
}

function logsOf({ envelope }: RosterStep): LogKeys[] {
  const { log, witnesses = [], quorum = 0, earlierLogs = [] } = peekPredicate<RosterPredicate>(envelope)
  return log === undefined ? [] : [{ log, witnesses, quorum }, ...earlierLogs]
}

/** The predicate of each release, from the bytes that are signed. */
export function predicatesOf({ releases }: Pick<PreparedApproval, 'releases'>): ReleasePredicate[] {
  return releases.map(({ payload }) => (JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: ReleasePredicate }).predicate)
}

/** People whose signature would count for nothing on these releases, with why. */
export function whoMayNotSign(
  roster: Roster,
  predicates: readonly ReleasePredicate[],
  as: 'approver' | 'decider' | 'ender',
): Record<string, string> {
  const refused = roster.people.flatMap((person) => {
    const counts = predicates.filter((predicate) => unlessRefused(() => countsOnRelease(roster, person, predicate), false))
    const isAuthor = predicates.some(({ author }) => authorsOf(roster, author).some(({ id }) => id === person.id))
    // An author's signature may be needed although it counts for nothing, and an author may end a run.
    if (counts.length === predicates.length || (isAuthor && as !== 'decider') || (as === 'ender' && counts.length > 0)) return []
    return [[person.name, isAuthor ? 'they wrote it, and may not decide on their own work' : 'no role of the roster lets them']] as const
  })
  return Object.fromEntries(refused)
}

/** People who cannot close the review of a break-glass, with why. `actors`: names of those who signed it. */
export function whoMayNotReview(
  roster: Roster,
  predicates: readonly ReleasePredicate[],
  actors: readonly string[],
): Record<string, string> {
  const authors = predicates.flatMap(({ author }) => authorsOf(roster, author).map(({ name }) => name))
  return Object.fromEntries([
    ...actors.map((name) => [name, 'they signed it, and may not review their own break-glass'] as const),
    ...authors.map((name) => [name, 'they wrote it, and may not review their own work'] as const),
  ])
}

/** Keys of a log and its witnesses in the roster, as C2SP vkeys. `until`: end of an earlier log, whose later checkpoints do not count. */
export type LogKeys = Omit<EarlierLog, 'until'> & Partial<EarlierLog>
