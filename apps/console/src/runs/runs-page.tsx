import { defined, RUN_STATES } from '#libs/contracts'
import type { JSX } from 'preact'
import { FilteredAway, LoadedPart, None } from '../layout/absent.js'
import { ChoiceFilter, FilterForm, TextFilter } from '../layout/filters.js'
import { placeOfList, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, count, Moment, PolicyLinks, RunLink, Table, Terminal } from '../layout/parts.js'
import { reasonText, STATES, StateTag } from '../layout/state-words.js'
import { readRuns, type RunsFilter, type RunsFound } from '../reading/read-runs.js'
import { queryOf, textIn } from '../forms/query.js'

const UNDER_WAY = { yes: { text: 'Under way only' } }

/** Page of runs, the newest first. The URL contains all filters, so that people can bookmark or send a filtered list. */
export async function runsPage({ read, query }: PageRequest): Promise<PageContent> {
  const filter = filterOf(query)
  const answer = await readRuns(read, filter)
  const narrowed = Object.keys(filter).length > 0
  return {
    ...placeOfList('Runs', narrowed),
    summary: answer.kind === 'loaded' ? summaryOf(answer.value, narrowed) : 'The runs cannot be shown now.',
    body: (
      <>
        <FilterForm action="/runs">
          <TextFilter name="policy" label="Policy" value={filter.policy} />
          <ChoiceFilter name="state" label="State" any="Any state" choices={RUN_STATES} words={STATES} chosen={filter.state} />
          <ChoiceFilter name="open" label="Which" any="All runs" choices={['yes']} words={UNDER_WAY} chosen={filter.open} />
        </FilterForm>
        <LoadedPart id="runs" title={narrowed ? 'Runs that match' : 'All runs'} answer={answer} what="runs">
          {(found) => <Found found={found} filter={filter} narrowed={narrowed} />}
        </LoadedPart>
        <Terminal same commands={['hms-svc runs list']} />
      </>
    ),
  }
}

function filterOf(query: URLSearchParams): RunsFilter {
  const before = query.get('before') ?? ''
  return defined({
    open: query.get('open') === 'yes' ? ('yes' as const) : undefined,
    state: RUN_STATES.find((each) => each === query.get('state')),
    policy: textIn(query, 'policy', 100) || undefined,
    before: /^\d{1,9}$/.test(before) ? Number(before) : undefined,
  })
}

function summaryOf({ runs }: RunsFound, narrowed: boolean): string {
  if (narrowed) return `${count(runs.length, 'run')} on this page ${runs.length === 1 ? 'matches' : 'match'} the filters.`
  return runs.length === 0 ? 'There are no runs yet.' : `The newest ${count(runs.length, 'run')}.`
}

function Found({ found, filter, narrowed }: { found: RunsFound; filter: RunsFilter; narrowed: boolean }): JSX.Element {
  const { runs, older } = found
  return (
    <>
      {runs.length > 0 ? (
        <Table
          caption="Runs, the newest first"
          head={['Run', 'State', 'Policies', 'Reason', 'Started', 'Ended']}
          rows={runs.map((run) => [
            <RunLink run={run.run} />,
            <StateTag state={run.state} />,
            <PolicyLinks policies={run.policies} />,
            run.reason === undefined ? '–' : reasonText(run.reason),
            <Moment at={run.createdAt} />,
            <Moment at={run.endedAt} />,
          ])}
        />
      ) : narrowed ? (
        <FilteredAway what="runs" href="/runs" />
      ) : (
        <None>
          No run yet. A person starts one: <Command>hms-svc approve FILE --sign NAME</Command>
        </None>
      )}
      {older === undefined ? null : (
        <p>
          <a href={`/runs?${queryOf({ ...filter, before: older })}`}>Older runs, before run {older}</a>
        </p>
      )}
    </>
  )
}
