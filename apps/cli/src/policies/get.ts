import { PastPolicies } from '#libs/client'
import { HmsError, memberAt, type Json, type PastPolicyView, type PolicyView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { rosterFile } from '../roster/rosters-here.js'
import type { FlagsOf, GET } from '../verbs/options.js'
import { causeText } from './history.js'
import { readPresentPolicy, warnOf, type ShownPolicy } from './read-present.js'

type GetOptions = FlagsOf<typeof GET>
type View = ShownPolicy | PastPolicyView

/** Shows a policy with its provenance (`epa-pm25-limit`), or one value (`epa-pm25-limit.limit`). */
export async function getPolicyValue(context: CliContext, subject: string, options: GetOptions): Promise<void> {
  const [id = '', ...path] = subject.split('.')
  if (id === '' || path.includes(''))
    throw usageError(`"${subject}" is not ID or ID.FIELD, such as epa-pm25-limit.limit`, ['hms-svc runs list'])
  const isPast = [options.at, options.known, options.version].some((past) => past !== undefined)
  const view = isPast ? await readPast(context, id, options) : await readPresentPolicy(context, id, options)
  // Warnings go to stderr, because a program may read the value from stdout.
  if ('trust' in view) warnOf(context, [view])
  if (path.length === 0) context.output.data(view, () => linesOf(view, { ...options, now: context.io.now() }))
  else {
    const value = valueAt(view, path)
    context.output.data(value, () => textOf(value).split('\n'))
  }
}

/** Reads a past policy, verified with the roster of HMS_ROSTER, else of the data folder, else of a service on a loopback address. */
async function readPast(context: CliContext, id: string, { region, bot, at, known, version }: GetOptions): Promise<View> {
  if (region !== undefined || bot !== undefined)
    throw usageError('What was in force is known for all: leave out --region and --bot', [`hms-svc history ${id}`])
  const past = await PastPolicies.open({ api: await context.client(), roster: rosterFile(context), timeoutMs: context.options.timeout })
  const { view, value, author, approvedBy, breakGlass } = await past.read(id, { at, known, version })
  // Replaces what the service reports about author, signers and break-glass by verified data.
  const { breakGlass: _unverified, ...rest } = view.provenance
  const provenance = { ...rest, author, approvedBy, ...(breakGlass === undefined ? {} : { breakGlass }) }
  return { ...view, value: { ...value }, verification: 'by-caller', provenance }
}

function valueAt(view: View, path: string[]): Json {
  const value = memberAt(view.value, path)
  if (value !== undefined) return value
  const detail = `${view.id}@${view.version} has no ${path.join('.')}`
  throw new HmsError('HMS_POLICY_FIELD_UNKNOWN', detail, { status: 404, next: [`hms-svc get ${view.id}`] })
}

function linesOf(view: View, requested: RequestedTime): string[] {
  return [
    `${view.id}@${view.version}  revision ${view.revision}, ${view.source}, ${view.scope}`,
    ...('recordedAt' in view ? [timesOf(view, requested)] : []),
    ...Object.entries(view.value)
      .filter(([name]) => name !== 'id' && name !== 'version')
      .map(([name, value]) => `  ${name}: ${textOf(value ?? null)}`),
    ...(view.provenance === undefined ? [] : provenanceOf(view.provenance)),
    ...('trust' in view ? [trustOf(view)] : []),
  ]
}

/** `now`: the local clock, in ms. */
export type RequestedTime = Pick<GetOptions, 'at' | 'known'> & { now: number }

/** Describes when a version was in force and when that was recorded. Without an end, the text says how sure that is. Pure. */
export function timesOf(
  { since, until, recordedAt }: Pick<PastPolicyView, 'since' | 'until' | 'recordedAt'>,
  requested: RequestedTime,
): string {
  return `${periodOf(since, until, requested)}, recorded at ${recordedAt}`
}

function periodOf(since: string, until: string | null, { at, known, now }: RequestedTime): string {
  const isAhead = (time: string | undefined): boolean => time !== undefined && Date.parse(time) > now
  const from = `${isAhead(since) ? 'Comes into force at' : 'In force from'} ${since}`
  if (until !== null) return `${from} until ${until}`
  const open = isAhead(since) ? from : `${from} on`
  if (known !== undefined && !isAhead(known)) return `${open}, as was known at ${known}`
  return isAhead(since) || isAhead(at) ? `${open}, unless another release replaces it` : `${from} until now`
}

function trustOf({ verification, state, code, ageMs, trust }: ShownPolicy): string {
  if (verification !== 'by-caller') return `${state}, confirmed ${((ageMs ?? 0) / 1_000).toFixed(1)} s ago; roster ${trust}`
  return `${state === 'READY' ? 'Verified here' : `STALE (${code}), signatures verified here`}; roster ${trust}`
}

function provenanceOf(provenance: PolicyView['provenance']): string[] {
  const { run, digest, change, breakGlass } = provenance
  // Signer and reason of a rollback. The store returns them as rollout signed them; they are not verified here.
  const why = change === undefined || change.cause === 'run' || change.cause === 'break-glass' ? null : causeText(change)
  const order = breakGlass?.reason ?? 'a rollback reinstated a break-glass release'
  return [
    `${run === null ? 'No run' : `Run #${run}`}, ${digest}`,
    originOf(provenance),
    ...(why === null ? [] : [`In force by ${why} (config-store's word)`]),
    ...(breakGlass === undefined ? [] : [`BREAK-GLASS: ${order}; neither replayed nor tried by a canary`]),
  ]
}

function originOf({ approvedBy, author, soleOfficial }: PolicyView['provenance']): string {
  const by = `Approved by ${approvedBy.join(', ') || 'no one'}`
  if (soleOfficial === true) return `${by}, who wrote it and is the sole official`
  return author === null ? by : `${by}, written by ${author}`
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
