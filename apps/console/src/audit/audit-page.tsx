import { eventWords, SERVICES, type AuditEntry } from '#libs/contracts'
import type { JSX } from 'preact'
import { FilteredAway, Loaded, None } from '../layout/absent.js'
import { ChoiceFilter, FilterForm, TextFilter } from '../layout/filters.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Moment, Part, RunLink, Table, Terminal } from '../layout/parts.js'
import { logFilterIn, logQuery, readLog, type LogFilter, type LogPage } from './read-log.js'

/** Rows of one page. */
const SHOWN = 100

/** The public log, the newest first. Everything that narrows it stands in the address. */
export async function auditPage({ read, query }: PageRequest): Promise<PageContent> {
  const filter = logFilterIn(query)
  const answer = await readLog(read, filter)
  const narrowed = Object.keys(filter).some((name) => name !== 'before')
  return {
    title: narrowed ? 'Audit, filtered' : 'Audit',
    heading: 'Audit',
    section: 'Audit',
    summary: answer.kind === 'loaded' ? summaryOf(answer.value, narrowed) : 'The log cannot be shown now.',
    body: (
      <>
        <Filters filter={filter} />
        <Part id="entries" title={narrowed ? 'Entries that match' : 'What happened'}>
          <Loaded answer={answer} what="entries of the log">
            {(page) => <Found page={page} filter={filter} narrowed={narrowed} />}
          </Loaded>
        </Part>
        <Terminal commands={[logCommand(filter), 'hms-svc audit verify', 'hms-svc audit proof ID@VERSION', 'hms-svc export --out FILE']} />
      </>
    ),
  }
}

function summaryOf({ entries, lookedAt }: LogPage, narrowed: boolean): string {
  if (lookedAt === 0) return narrowed ? 'Nothing that is recorded matches.' : 'Nothing is recorded yet.'
  return narrowed
    ? `${count(entries.length, 'entry', 'entries')} of the ${lookedAt} that this page looked at match.`
    : `The newest of ${lookedAt} entries on this page.`
}

/** The same question for the terminal, as far as it knows it. */
function logCommand({ by, run, since }: LogFilter): string {
  const flags = [
    by === undefined ? '' : ` --by ${nameWord(by)}`,
    run === undefined ? '' : ` --run ${run}`,
    since === undefined ? '' : ` --since ${since}T00:00:00Z`,
  ]
  return `hms-svc audit log${flags.join('')}`
}

/** The name comes from an address that anybody may have written: what a shell could obey is not offered to be pasted there. */
function nameWord(name: string): string {
  return /^[\p{L}\p{N} .-]+$/u.test(name) ? `"${name}"` : 'NAME'
}

function Filters({ filter }: { filter: LogFilter }): JSX.Element {
  return (
    <FilterForm action="/audit">
      <TextFilter name="by" label="Person" value={filter.by} />
      <TextFilter name="about" label="Policy, partner or freeze" value={filter.about} />
      <TextFilter name="run" label="Run" value={filter.run === undefined ? undefined : String(filter.run)} />
      <TextFilter name="act" label="What happened" value={filter.act} />
      <ChoiceFilter
        name="service"
        label="Service"
        any="Any service"
        choices={SERVICES.map((value) => ({ value, text: value }))}
        chosen={filter.service}
      />
      <TextFilter name="since" label="From day (YYYY-MM-DD)" value={filter.since} />
      <TextFilter name="until" label="To day (YYYY-MM-DD)" value={filter.until} />
    </FilterForm>
  )
}

function Found({ page, filter, narrowed }: { page: LogPage; filter: LogFilter; narrowed: boolean }): JSX.Element {
  const { entries, lookedAt, older } = page
  const shown = entries.slice(0, SHOWN)
  const next = entries.length > SHOWN ? shown.at(-1)!.index : older
  const { before: _before, ...rest } = filter
  return (
    <>
      {lookedAt === 0 && !narrowed ? (
        <None>Nothing is recorded yet.</None>
      ) : shown.length === 0 ? (
        narrowed ? (
          <FilteredAway what="entries on this page" href="/audit" />
        ) : (
          <None>There is nothing before this.</None>
        )
      ) : (
        <Entries entries={shown} />
      )}
      <ul class="no-print">
        {next === undefined ? null : (
          <li>
            <a href={`/audit?${logQuery({ ...rest, before: next })}`}>Older entries</a>
          </li>
        )}
        {shown.length === 0 ? null : (
          <>
            <li>
              <a href={`/audit/export?${logQuery(filter)}&format=csv`}>These entries as CSV</a>
            </li>
            <li>
              <a href={`/audit/export?${logQuery(filter)}&format=ndjson`}>These entries as NDJSON</a>, to recompute their hashes
            </li>
          </>
        )}
      </ul>
    </>
  )
}

function Entries({ entries }: { entries: readonly AuditEntry[] }): JSX.Element {
  return (
    <Table caption={count(entries.length, 'entry', 'entries')} head={['Entry', 'Time', 'What happened', 'About', 'By', 'Run', 'Service']}>
      {entries.map(({ index, at, type, key, run, source, acts = [] }) => (
        <tr key={index}>
          <th scope="row">
            <a href={`/audit/${index}`}>Entry {index}</a>
          </th>
          <td>
            <Moment at={at} />
          </td>
          <td>{eventWords(type)}</td>
          <td>{key}</td>
          <td>{acts.map(({ by, reason }) => `${by.join(', ')}${reason === null ? '' : `: ${reason}`}`).join('; ')}</td>
          <td>
            <RunLink run={run} />
          </td>
          <td>{source.replace(/^\/hms-svc\//, '')}</td>
        </tr>
      ))}
    </Table>
  )
}
