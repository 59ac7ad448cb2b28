import { policyRefs, type PastPolicyView, type PolicyHistoryEntry, type PolicyView } from '#libs/contracts'
import type { JSX } from 'preact'
import { FleetPicture, readFleet } from '../bots/fleet-picture.js'
import { Loaded, LoadedPart, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Digest, Facts, Moment, momentText, Part, RunLink, Table, Terminal, valueText } from '../layout/parts.js'
import { StateTag } from '../layout/state-words.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { readRuns } from '../reading/read-runs.js'
import { changeText, LifeChart } from './life-chart.js'
import { RefusedByReaders } from '../bots/refused-by-readers.js'
import { ruleOf, ruleSummary, ruleTexts, unitText } from './policy-table.js'

/** Changes of a page, and characters of a value in large type. */
const [MAX_ENTRIES, MAX_LARGE] = [50, 40]

/** One policy: its value with unit, since when, who signed, who runs it, and every value before with what changed. */
export async function policyPage({ read, params, query, now }: PageRequest): Promise<PageContent> {
  const id = params['id'] ?? ''
  const path = `/v1/policies/${encodeURIComponent(id)}`
  const before = /^\d{1,15}$/.test(query.get('before') ?? '') ? `&before=${query.get('before')}` : ''
  const at = query.get('at')
  const time = instantOf(at)
  const [policy, history, fleet, past] = await Promise.all([
    read<PolicyView>(path),
    read<PolicyHistoryEntry[]>(`${path}/history?limit=${MAX_ENTRIES}${before}`),
    readFleet(read, id),
    time === undefined ? undefined : read<PastPolicyView>(`${path}?at=${time}`),
  ])
  const missing = policy.kind === 'missing' && history.kind === 'missing'
  const view = valueOf(policy)
  const shownId = id.slice(0, 100)
  const drawn = (valueOf(history) ?? []).slice(0, MAX_ENTRIES)
  const isRead = missing || drawn.length > 0
  const runs = (isRead ? valueOf(await readRuns(read, { exactPolicy: id, since: drawn.at(-1)?.from }))?.runs : undefined) ?? []
  const unknown = missing && runs.length === 0
  return {
    ...(unknown ? { status: 404 as const } : {}),
    ...placeIn('Policies', view === undefined ? shownId : `${view.id} ${view.version}`),
    heading: unknown ? `No policy ${shownId}` : (titleOf(view) ?? shownId),
    state: view?.version,
    summary: missing && !unknown ? 'It was never in force.' : summaryOf(policy, before === '' ? history : undefined, now),
    body: (
      <>
        {at === null ? null : <PastPolicy at={at} time={time} past={past} path={path} />}
        <div class="columns">
          <LoadedPart id="value" title="In force for all" answer={policy} what="policy">
            {(value) => (
              <>
                <InForce policy={value} history={history} />
                <p>
                  <a href={`/policies/${encodeURIComponent(value.id)}/rollback`}>Take it back to an earlier version</a>
                </p>
              </>
            )}
          </LoadedPart>
          <div>
            {!missing || unknown ? null : (
              <Part id="runs" title="Its runs">
                {runs.map(({ run, state, policies }) => (
                  <p key={run}>
                    <StateTag state={state} /> <RunLink run={run} /> {policyRefs(policies)}
                  </p>
                ))}
              </Part>
            )}
            {drawn.length === 0 ? null : (
              <Part id="life" title="Over time">
                <LifeChart id={id} entries={drawn} runs={runs} current={before === '' ? view?.value : undefined} now={now} />
                {drawn.length < MAX_ENTRIES ? null : (
                  <p>{MAX_ENTRIES} changes are drawn; older ones are on the page of earlier versions.</p>
                )}
              </Part>
            )}
            <LoadedPart id="fleet" title="Who runs it" answer={fleet} what="bots of this policy">
              {(bots) => [<RefusedByReaders refused={bots.refused} />, <FleetPicture fleet={bots} />]}
            </LoadedPart>
          </div>
        </div>
        <LoadedPart id="history" title="History" answer={history} what="versions of this policy">
          {(entries) => <History id={id} entries={entries} />}
        </LoadedPart>
        {missing ? null : (
          <Terminal
            same
            commands={[`hms-svc get ${shownId}`, ...(view === undefined ? [] : [`hms-svc audit proof ${view.id}@${view.version}`])]}
          />
        )}
      </>
    ),
  }
}

/** A time as the service takes it; `undefined` for any other text. */
function instantOf(text: string | null): string | undefined {
  const isInstant = text !== null && /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  return isInstant && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined
}

interface PastPolicyProps {
  at: string
  time: string | undefined
  past: Answer<PastPolicyView> | undefined
  path: string
}

/** Policy that was in force at a time, with its proof. */
function PastPolicy({ at, time, past, path }: PastPolicyProps): JSX.Element {
  if (time === undefined || past === undefined)
    return (
      <Part id="then" title="No such time">
        {at.slice(0, 40)} is not a time. A time is written so: 2026-11-26T12:00:00Z.
      </Part>
    )
  return (
    <Part id="then" title={`In force at ${momentText(time)}`}>
      {past.kind === 'missing' ? (
        <None>Nothing was in force then.</None>
      ) : (
        <Loaded answer={past} what="policy in force then">
          {(policy) => {
            const { id, version, until, record, provenance } = policy
            const { proof } = (record.digest === provenance.digest ? record : record.next) ?? {} // a head may hold a `next` release
            const entry = /\bindex (\d{1,15})\b/.exec(proof?.proof ?? '')?.[1]
            const approval = `/v1/audit/proofs?policy=${encodeURIComponent(id)}&version=${encodeURIComponent(version)}`
            return (
              <>
                <p>
                  A bot obeyed: {ruleTexts(policy.value).join(', ')}, by version {version}.
                </p>
                <InForce policy={policy} />
                <p>
                  In force until {until === null ? 'now' : <Moment at={until} exact />}. Proof:{' '}
                  {entry === undefined ? null : <a href={`/audit/${entry}`}>entry {entry} of the log</a>}{' '}
                  <a href={approval}>of the approval</a> <a href={`${path}?at=${time}`}>with the signed head</a>
                </p>
              </>
            )
          }}
        </Loaded>
      )}
    </Part>
  )
}

function titleOf(view: PolicyView | undefined): string | undefined {
  const title = view?.value['title']
  return typeof title === 'string' ? `${view!.id}: ${title}` : view?.id
}

/** Summarizes the policy in one sentence. `history`: the newest entries; `undefined` on a page of earlier entries. */
function summaryOf(policy: Answer<PolicyView>, history: Answer<PolicyHistoryEntry[]> | undefined, now: Date): string {
  if (policy.kind === 'loaded') {
    const [newest] = (history === undefined ? undefined : valueOf(history)) ?? []
    const { value, version } = policy.value
    const by = policy.value.provenance.approvedBy
    return `${ruleSummary(value)}: version ${version}${by.length === 0 ? '' : `, signed by ${by.join(', ')}`}${
      newest !== undefined && newest.version !== version ? '; another release is held for later' : ''
    }.`
  }
  if (policy.kind !== 'missing') return 'What is in force cannot be shown now.'
  const [last] = history?.kind === 'loaded' ? history.value : []
  if (last !== undefined && Date.parse(last.from) > now.getTime())
    return `It is not in force: version ${last.version} is held until ${momentText(last.from)}.`
  if (last?.cause === 'withdrawal') return `${changeText(last).replace('withdrawal', 'It was withdrawn')}.`
  return history === undefined || history.kind === 'loaded' ? 'It is not in force; it was.' : 'There is nothing of that name.'
}

const DESCRIBED = ['effective', 'description', 'owner', 'tags', 'schema', 'partners']

type InForceProps = { policy: Omit<PolicyView, 'source'>; history?: Answer<PolicyHistoryEntry[]> }

function InForce({ policy, history }: InForceProps): JSX.Element {
  const { value, version, revision } = policy
  const { run, digest, author, approvedBy, soleOfficial, breakGlass, change } = policy.provenance
  const since = policy.since ?? (history && valueOf(history))?.find((entry) => entry.digest === digest)?.from
  const described = DESCRIBED.filter((key) => value[key] !== undefined)
  return (
    <>
      <div class="rule">
        {ruleOf(value).map(([key, each]) => (
          <p key={key}>
            {key}
            <br />
            <span class={typeof each === 'object' || valueText(each).length > MAX_LARGE ? 'command' : 'value'}>{valueText(each)}</span>{' '}
            {typeof each === 'number' ? unitText(value) : ''}
          </p>
        ))}
      </div>
      <Facts
        facts={[
          ['Version', `${version}, revision ${revision}`],
          ['In force since', since === undefined ? 'not known now' : <Moment at={since} />],
          [
            'Signed by',
            (approvedBy.join(', ') || 'not stated') + (soleOfficial === true ? ' (author and approver, as the roster allows)' : ''),
          ],
          breakGlass === undefined
            ? null
            : [
                'Break-glass',
                `${breakGlass.reason ?? 'a rollback reinstated a break-glass release'}; neither replayed nor tried by a canary`,
              ],
          change === undefined ? null : ['Brought by', changeText(change)],
          ['Written by', author ?? 'not stated'],
          ['Made live by', <RunLink run={run} />],
          ['Release', <Digest digest={digest} />],
          ...described.map((key) => [key, [value[key]].flat().map(valueText).join(', ')] as const),
        ]}
      />
    </>
  )
}

function History({ id, entries }: { id: string; entries: PolicyHistoryEntry[] }): JSX.Element {
  if (entries.length === 0) return <None>Nothing earlier.</None>
  const last = entries.at(-1)!
  return (
    <>
      <Table
        caption="What was in force, the newest first"
        head={['Version', 'From', 'Until', 'What changed', 'Signed by', 'Why', 'Run']}
        rows={entries.map((entry) => [
          entry.version ?? 'withdrawn',
          <Moment at={entry.from} />,
          entry.until === null ? '–' : <Moment at={entry.until} />,
          <Differences entry={entry} />,
          entry.approvedBy.join(', '),
          changeText(entry),
          <RunLink run={entry.run} />,
        ])}
      />
      {entries.length < MAX_ENTRIES ? null : (
        <p>
          <a href={`/policies/${encodeURIComponent(id)}?before=${last.seq}`}>Earlier versions</a>
        </p>
      )}
    </>
  )
}

export function Differences({ entry: { differences, version } }: { entry: PolicyHistoryEntry }): JSX.Element {
  if (differences.length === 0) return <>{version === null ? 'taken out of force' : 'nothing but the version'}</>
  return (
    <ul class="plain">
      {differences.map(({ field, text }) => (
        <li key={field}>{text}</li>
      ))}
    </ul>
  )
}
