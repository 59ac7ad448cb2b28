import { entrySentence, isByPeople, SERVICES, type AuditEntry } from '#libs/contracts'
import type { JSX } from 'preact'
import { FilteredAway, LoadedPart, None } from '../layout/absent.js'
import { ChoiceFilter, FilterForm, TextFilter } from '../layout/filters.js'
import { placeOfList, type PageContent, type PageRequest } from '../layout/page.js'
import { count, Moment, RunLink, Table, Terminal, withMoments } from '../layout/parts.js'
import { logFilterIn, readLog, type LogFilter, type LogPage } from './read-log.js'
import { queryOf, textIn } from '../forms/query.js'

/** Rows of one page. */
const SHOWN = 100

const KINDS = { people: { text: 'What people did' }, services: { text: 'Steps of services' } }

/** Page of the public log, the newest entries first. All filters are in the address. */
export async function auditPage({ read, query }: PageRequest): Promise<PageContent> {
  const given = (name: string): string => textIn(query, name, 100)
  const found = logFilterIn(query)
  const isWrong = typeof found === 'string'
  const filter = isWrong ? {} : found
  const answer = isWrong ? { kind: 'missing' as const, detail: found } : await readLog(read, filter)
  const narrowed = isWrong || Object.keys(filter).some((name) => name !== 'before')
  return {
    status: isWrong ? 422 : undefined,
    ...placeOfList('Audit', narrowed),
    summary: answer.kind === 'loaded' ? summaryOf(answer.value, narrowed) : isWrong ? found : 'The log cannot be shown now.',
    body: (
      <>
        <FilterForm action="/audit">
          <TextFilter name="by" label="Person" value={given('by')} />
          <TextFilter name="about" label="Policy, partner or freeze" value={given('about')} />
          <TextFilter name="run" label="Run" value={given('run')} />
          <TextFilter name="act" label="What happened" value={given('act')} />
          <ChoiceFilter
            name="kind"
            label="Kind"
            any="People and services"
            choices={Object.keys(KINDS)}
            words={KINDS}
            chosen={given('kind')}
          />
          <ChoiceFilter name="service" label="Service" any="Any service" choices={SERVICES} chosen={given('service')} />
          <TextFilter name="since" label="From day (YYYY-MM-DD)" value={given('since')} />
          <TextFilter name="until" label="To day (YYYY-MM-DD)" value={given('until')} />
        </FilterForm>
        <LoadedPart id="entries" title={narrowed ? 'Entries that match' : 'What happened'} answer={answer} what="entries of the log">
          {(page) => <Found page={page} filter={filter} narrowed={narrowed} />}
        </LoadedPart>
        <Terminal commands={[logCommand(filter), 'hms-svc audit verify', 'hms-svc audit proof ID@VERSION', 'hms-svc export --out FILE']} />
      </>
    ),
  }
}

function summaryOf({ entries, examined }: LogPage, narrowed: boolean): string {
  if (examined === 0) return narrowed ? 'Nothing that is recorded matches.' : 'Nothing is recorded yet.'
  return narrowed
    ? `${count(entries.length, 'entry', 'entries')} of the ${examined} that this page searched match.`
    : `The newest of ${examined} entries on this page.`
}

/** Returns the terminal command for these filters; it has flags for some of them only. */
function logCommand({ by, run, since }: LogFilter): string {
  // Anybody may have written the name into the address, so a name with shell characters is replaced.
  const name = /^[\p{L}\p{N} .-]+$/u.test(by ?? '') ? `"${by}"` : 'NAME'
  const flags = [by && ` --by ${name}`, run && ` --run ${run}`, since && ` --since ${since}T00:00:00Z`]
  return `hms-svc audit log${flags.filter(Boolean).join('')}`
}

/** Lists what people did, a hundred entries a page. Steps of services are folded unless the filter asks for them. */
function Found({ page, filter, narrowed }: { page: LogPage; filter: LogFilter; narrowed: boolean }): JSX.Element {
  const { entries, examined, older } = page
  const listed = filter.kind === undefined ? entries.filter(isByPeople) : entries
  const shown = listed.slice(0, SHOWN)
  const next = listed.length > SHOWN ? shown.at(-1)!.index : older
  const steps = filter.kind === undefined ? entries.filter((entry) => !isByPeople(entry) && entry.index >= (next ?? 0)) : []
  const { before: _before, ...rest } = filter
  const isEmpty = shown.length + steps.length === 0
  return (
    <>
      {!isEmpty ? null : examined === 0 && !narrowed ? (
        <None>Nothing is recorded yet.</None>
      ) : narrowed ? (
        <FilteredAway what="entries on this page" href="/audit" />
      ) : (
        <None>There is nothing before this.</None>
      )}
      {shown.length === 0 ? null : <Entries entries={shown} />}
      {steps.length === 0 ? null : (
        <details id="steps" open={shown.length === 0}>
          <summary>{count(steps.length, 'step')} of services in this time</summary>
          <Entries entries={steps.slice(0, SHOWN)} />
          {steps.length <= SHOWN ? null : (
            <p>
              These are the newest {SHOWN}. <a href={`/audit?${queryOf({ ...filter, kind: 'services' })}`}>All steps of services</a>
            </p>
          )}
        </details>
      )}
      <ul class="no-print">
        {next === undefined ? null : (
          <li>
            <a href={`/audit?${queryOf({ ...rest, before: next })}`}>Older entries</a>
          </li>
        )}
        {isEmpty ? null : (
          <>
            <li>
              <a href={`/audit/export?${queryOf(filter)}&format=csv`}>These entries as CSV</a>
            </li>
            <li>
              <a href={`/audit/export?${queryOf(filter)}&format=ndjson`}>These entries as NDJSON</a>, to recompute their hashes
            </li>
          </>
        )}
      </ul>
    </>
  )
}

export function Entries({ entries }: { entries: readonly AuditEntry[] }): JSX.Element {
  return (
    <Table
      caption={count(entries.length, 'entry', 'entries')}
      head={['Entry', 'What happened', 'Who', 'Run', 'Time']}
      rows={entries.map((entry) => [
        <a href={`/audit/${entry.index}`}>Entry {entry.index}</a>,
        withMoments(entrySentence(entry)),
        whoOf(entry),
        <RunLink run={entry.run} />,
        <Moment at={entry.at} />,
      ])}
    />
  )
}

/** Returns the people of an entry's acts, or the service of a step. */
function whoOf(entry: AuditEntry): string {
  const { acts = [], source } = entry
  if (acts.length > 0) return acts.map(({ by }) => by.join(', ')).join('; ')
  return isByPeople(entry) ? '–' : source.replace(/^\/hms-svc\//, '')
}
