import type { BotSummary, CoverageView, LeftBotView, PolicyView } from '#libs/contracts'
import type { ComponentChildren, JSX } from 'preact'
import { Absent, FilteredAway, Loaded, LoadedPart, None } from '../layout/absent.js'
import { ChoiceFilter, FilterForm, TextFilter } from '../layout/filters.js'
import { placeOfList, type PageContent, type PageRequest } from '../layout/page.js'
import { count, Moment, Part, PolicyLink, Table, Terminal } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import { RefusedByReaders } from './refused-by-readers.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { FleetPart, readFleet } from './fleet-picture.js'
import { textIn } from '../forms/query.js'

/** Maximum policies per page: each costs one request to config-store. */
const MAX_POLICIES = 50
const MAX_ROWS = 200

/** `stale`: it acknowledged something older. `silent`: connected, and it has acknowledged nothing. */
const BOT_STATES = ['stale', 'silent'] as const
type BotState = (typeof BOT_STATES)[number]

type LaggingBot = InPolicy<CoverageView['lagging'][number]> & { state: BotState }
type LeftBot = InPolicy<LeftBotView>
type InPolicy<B> = B & { policy: string }

const BOT_WORDS: Record<BotState, { text: string; tone: 'bad' | 'warn' }> = {
  stale: { text: 'Behind', tone: 'bad' },
  silent: { text: 'Silent', tone: 'warn' },
}

/** Bots by the version that they apply, those that are behind first. A silent bot is listed apart from one with an old version. */
export async function botsPage({ read, query }: PageRequest): Promise<PageContent> {
  const policy = textIn(query, 'policy', 100)
  const state = BOT_STATES.find((each) => each === query.get('state'))
  const [policies, registered] = await Promise.all([read<PolicyView[]>('/v1/policies'), read<BotSummary[]>('/v1/bots')])
  const ids = policies.kind === 'loaded' ? policies.value.map(({ id }) => id).filter((id) => policy === '' || id.includes(policy)) : []
  const asked = ids.slice(0, MAX_POLICIES)
  const pictured = asked.includes(policy) ? policy : asked[0]
  const [fleet, ...coverages] = await Promise.all([
    pictured === undefined ? undefined : readFleet(read, pictured),
    ...asked.map((id) => read<CoverageView>(`/v1/coverage?policy=${encodeURIComponent(id)}`)),
  ])
  const lagging = laggingOf(coverages)
  const shown = lagging.filter((bot) => state === undefined || bot.state === state)
  const gap = coverages.find(({ kind }) => kind === 'away' || kind === 'denied')
  const narrowed = policy !== '' || state !== undefined
  return {
    ...placeOfList('Fleet', narrowed),
    summary:
      gap === undefined && policies.kind === 'loaded'
        ? summaryOf(coverages, lagging, ids.length - asked.length)
        : 'Not all bots can be shown now.',
    body: (
      <>
        <FilterForm action="/fleet">
          <TextFilter name="policy" label="Policy" value={policy} />
          <ChoiceFilter name="state" label="State" any="Behind or silent" choices={BOT_STATES} words={BOT_WORDS} chosen={state} />
        </FilterForm>
        <div class="columns">
          <div>{fleet === undefined ? null : <FleetPart answer={fleet} href="#lagging" />}</div>
          <Part id="lagging" title="Bots that are not up to date">
            <p>
              Behind: what it last acknowledged is not what it should apply, or hold for later. Silent: it is connected and has acknowledged
              nothing, so it is not known which rule it applies.
            </p>
            {gap === undefined ? null : <Absent answer={gap} what="bots of some policies" />}
            <Loaded answer={policies} what="policies">
              {() => <Lagging bots={shown} narrowed={narrowed} />}
            </Loaded>
          </Part>
        </div>
        <Part id="left" title="Bots that left while behind">
          <p>
            They disconnected in the last seven days before they had acknowledged what was in force for them, and have not returned. No
            count, gate or verdict includes them.
          </p>
          {gap === undefined ? null : <Absent answer={gap} what="bots of some policies" />}
          <Loaded answer={policies} what="policies">
            {() => <LeftBots bots={leftOf(coverages)} />}
          </Loaded>
        </Part>
        <LoadedPart id="policies" title="Bots by policy" answer={policies} what="policies">
          {(all) => <ByPolicy ids={asked} coverages={coverages} more={ids.length - asked.length} none={all.length === 0} />}
        </LoadedPart>
        <LoadedPart id="registered" title="Bots for replay" answer={registered} what="registered bots" children={registeredTable} />
        <Terminal commands={['hms-svc coverage ID', 'hms-svc bots list', 'hms-svc bots add FILE --id ID']} />
      </>
    ),
  }
}

function summaryOf(coverages: readonly Answer<CoverageView>[], lagging: readonly LaggingBot[], unasked: number): string {
  const views = coverages.flatMap((answer) => valueOf(answer) ?? [])
  const most = Math.max(0, ...views.map(({ total }) => total))
  const where = unasked === 0 ? '' : `, in the first ${views.length} policies`
  const left = leftOf(coverages).length
  const rest = left === 0 ? `${where}.` : `${where}; ${left} left while behind.`
  if (most === 0) return `No bot is connected${rest}`
  const bots = views.length === 1 ? count(most, 'bot') : `up to ${count(most, 'bot')} per policy`
  if (lagging.length === 0) return `All connected bots are up to date: ${bots}${rest}`
  const stale = lagging.filter(({ state }) => state === 'stale').length
  return `${stale} behind, ${lagging.length - stale} silent, of ${bots}${rest}`
}

function Lagging({ bots, narrowed }: { bots: readonly LaggingBot[]; narrowed: boolean }): JSX.Element {
  if (bots.length === 0)
    return narrowed ? (
      <FilteredAway what="bots that are behind or silent" href="/fleet" />
    ) : (
      <None>No connected bot is behind or silent.</None>
    )
  const rows = bots.map(({ id, policy, state, version, region, since }) => [
    id,
    <Tag {...BOT_WORDS[state]} />,
    <PolicyLink id={policy} />,
    version ?? (state === 'silent' ? 'nothing yet' : 'not known'),
    region === '' ? 'none' : region,
    <Moment at={since} />,
  ])
  return (
    <BotTable caption="Bots that are not up to date" head={['Bot', 'State', 'Policy', 'Says it applies', 'Region', 'Since']} rows={rows} />
  )
}

function LeftBots({ bots }: { bots: readonly LeftBot[] }): JSX.Element {
  if (bots.length === 0) return <None>None.</None>
  const rows = bots.map(({ id, policy, version, revision, region, since, leftAt }) => [
    id,
    <PolicyLink id={policy} />,
    version ?? (revision === 0 ? 'nothing' : 'not known'),
    region === '' ? 'none' : region,
    revision === 0 ? 'never' : <Moment at={since} />,
    <Moment at={leftAt} />,
  ])
  return (
    <BotTable
      caption="Bots that left while behind"
      head={['Bot', 'Policy', 'Applied', 'Region', 'Last acknowledged', 'Left']}
      rows={rows}
    />
  )
}

function BotTable({ rows, ...table }: { caption: string; head: readonly string[]; rows: ComponentChildren[][] }): JSX.Element {
  return (
    <>
      <Table {...table} rows={rows.slice(0, MAX_ROWS)} />
      {rows.length > MAX_ROWS ? <p>{rows.length - MAX_ROWS} more are not shown. Narrow the list by policy.</p> : null}
    </>
  )
}

type ByPolicyProps = { ids: readonly string[]; coverages: readonly Answer<CoverageView>[]; more: number; none: boolean }

function ByPolicy({ ids, coverages, more, none }: ByPolicyProps): JSX.Element {
  if (ids.length === 0)
    return none ? <None>No policy is in force, so no bot applies one.</None> : <FilteredAway what="policies" href="/fleet" />
  return (
    <>
      <Table
        caption="Bots by policy"
        head={['Policy', 'Connected', 'Up to date', 'By version', 'Other readers']}
        rows={ids.map((id, index) => {
          const coverage = coverages[index]!
          const policy = [<PolicyLink id={id} />, <RefusedByReaders refused={valueOf(coverage)?.refused} />]
          return [policy, ...(coverage.kind === 'loaded' ? countsOf(coverage.value) : [<td colSpan={4}>cannot be shown now</td>])]
        })}
      />
      {more > 0 ? <p>{count(more, 'more policy', 'more policies')}: narrow the list by policy.</p> : null}
    </>
  )
}

function countsOf({ policy, total, current, versions, seen }: CoverageView): ComponentChildren[] {
  const link = (
    <a href={`/fleet?policy=${encodeURIComponent(policy)}`} aria-label={`${total}: picture of ${policy}`}>
      {total}
    </a>
  )
  return [
    <td class="number">{link}</td>,
    <td class="number">{current}</td>,
    versions.map((each) => `${each.version ?? (each.digest === null ? 'none' : 'not known')}: ${each.total}`).join(', ') || '–',
    <td class="number">{seen.stream + seen.events + seen.ofrep}</td>,
  ]
}

function registeredTable(bots: readonly BotSummary[]): JSX.Element {
  if (bots.length === 0) return <None>No bot is registered for replay, so a simulation has no evidence.</None>
  return (
    <Table
      caption={count(bots.length, 'registered bot')}
      head={['Bot', 'Policies', 'Critical', 'Registered']}
      rows={bots
        .slice(0, MAX_ROWS)
        .map(({ id, policies, critical, addedAt }) => [id, policies.join(', '), critical ? 'yes' : 'no', <Moment at={addedAt} />])}
    />
  )
}

/** Bots that are behind, longest first: they apply a rule that is not in force. Then silent bots, whose rule is not known. */
function laggingOf(coverages: readonly Answer<CoverageView>[]): LaggingBot[] {
  return botsIn(coverages, ({ lagging }) => lagging)
    .map((bot): LaggingBot => ({ ...bot, state: bot.revision === 0 ? 'silent' : 'stale' }))
    .toSorted(
      (a, b) => BOT_STATES.indexOf(a.state) - BOT_STATES.indexOf(b.state) || a.since.localeCompare(b.since) || a.id.localeCompare(b.id),
    )
}

/** Bots that left while behind, the newest first. */
function leftOf(coverages: readonly Answer<CoverageView>[]): LeftBot[] {
  return botsIn(coverages, ({ left = [] }) => left).toSorted((a, b) => b.leftAt.localeCompare(a.leftAt) || a.id.localeCompare(b.id))
}

function botsIn<B>(coverages: readonly Answer<CoverageView>[], of: (view: CoverageView) => readonly B[]): InPolicy<B>[] {
  return coverages.flatMap((answer) => valueOf(answer) ?? []).flatMap((view) => of(view).map((bot) => ({ ...bot, policy: view.policy })))
}
