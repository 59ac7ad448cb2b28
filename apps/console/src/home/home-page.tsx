import { isTerminal, type ApprovalSummary, type PolicyView, type RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { Loaded, None } from '../page/absent.js'
import type { PageContent, PageRequest } from '../page/page.js'
import { Command, count, Moment, Part, PolicyLink, RunLink, Table, valueText } from '../page/parts.js'
import { StateTag } from '../page/state-words.js'
import { mapAnswer, valueOf, type Answer } from '../reading/answer.js'

const MAX_POLICIES = 20

/** What is in force, what needs a person, and what is wrong now. */
export async function homePage({ read }: PageRequest): Promise<PageContent> {
  const [policies, open, approvals] = await Promise.all([
    read<PolicyView[]>('/v1/policies'),
    read<RunView[]>('/v1/runs?open=yes'),
    read<ApprovalSummary[]>('/v1/approvals'),
  ])
  return {
    title: 'Home',
    heading: 'What is in force',
    section: 'Home',
    summary: summaryOf(policies, open),
    body: (
      <>
        <Part id="needs" title="What needs a person">
          <Needs open={open} approvals={approvals} />
        </Part>
        <Part id="runs" title="Under way">
          <Loaded answer={open} what="runs">
            {(runs) => <UnderWay runs={runs} />}
          </Loaded>
        </Part>
        <Part id="policies" title="Policies in force">
          <Loaded answer={policies} what="policies">
            {(list) => <InForce policies={list} />}
          </Loaded>
        </Part>
      </>
    ),
  }
}

function summaryOf(policies: Answer<PolicyView[]>, open: Answer<RunView[]>): string {
  const inForce = valueOf(policies)
  const runs = valueOf(open)
  const first = inForce === undefined ? 'What is in force cannot be read now.' : `${count(inForce.length, 'policy', 'policies')} in force.`
  return runs === undefined ? first : `${first} ${count(runs.length, 'run')} under way.`
}

function Needs({ open, approvals }: { open: Answer<RunView[]>; approvals: Answer<ApprovalSummary[]> }): JSX.Element {
  const paused = mapAnswer(open, (runs) => runs.filter(({ state }) => state === 'PAUSED'))
  const waiting = valueOf(approvals)
  const questions = valueOf(paused)
  if (waiting?.length === 0 && questions?.length === 0) return <None>Nothing waits for a person.</None>
  return (
    <>
      <Loaded answer={approvals} what="approvals">
        {(list) =>
          list.length === 0 ? null : (
            <Table caption="Waiting for signatures" head={['Policies', 'Signed by', 'Missing', 'Until']}>
              {list.map(({ digest, run, policies, signedBy, missing, expiresAt }) => (
                <tr key={digest}>
                  <td>
                    <RunLink run={run} /> {policies.map(({ id, version }) => `${id}@${version}`).join(', ')}
                  </td>
                  <td>{signedBy.join(', ')}</td>
                  <td>{missing.join(', ')}</td>
                  <td>
                    <Moment at={expiresAt} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      <Loaded answer={paused} what="runs">
        {(list) =>
          list.length === 0 ? null : (
            <ul>
              {list.map((run) => (
                <li key={run.run}>
                  <RunLink run={run.run} /> is paused ({run.reason ?? 'no reason given'}): people decide whether it goes on.
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  )
}

function UnderWay({ runs }: { runs: RunView[] }): JSX.Element {
  const live = runs.filter(({ state }) => !isTerminal(state))
  if (live.length === 0) return <None>No run is under way.</None>
  return (
    <ul>
      {live.map((run) => (
        <li key={run.run}>
          <RunLink run={run.run} /> {run.policies.map(({ id, version }) => `${id}@${version}`).join(', ')} <StateTag state={run.state} />
        </li>
      ))}
    </ul>
  )
}

function InForce({ policies }: { policies: PolicyView[] }): JSX.Element {
  if (policies.length === 0)
    return (
      <None>
        No policy is in force yet. A person approves one: <Command>hms-svc approve FILE --sign NAME</Command>
      </None>
    )
  return (
    <>
      <Table caption="Policies in force" head={['Policy', 'Value', 'Signed by', 'Run']}>
        {policies.slice(0, MAX_POLICIES).map(({ id, version, value, provenance }) => (
          <tr key={id}>
            <th scope="row">
              <PolicyLink id={id} version={version} />
            </th>
            <td>{valueLine(value)}</td>
            <td>{provenance.approvedBy.join(', ')}</td>
            <td>
              <RunLink run={provenance.run} />
            </td>
          </tr>
        ))}
      </Table>
      {policies.length > MAX_POLICIES ? (
        <p>
          <a href="/policies">All {policies.length} policies</a>
        </p>
      ) : null}
    </>
  )
}

/** Keys that describe a policy; the others are its rule. */
const DESCRIBING = ['id', 'version', 'effective', 'title', 'description', 'owner', 'tags', 'units', 'schema', 'partners', 'breaking']

/** `limit 35 ug_per_m3`. */
function valueLine(value: PolicyView['value']): string {
  const rule = Object.entries(value).filter(([key]) => !DESCRIBING.includes(key))
  const units = typeof value['units'] === 'string' ? ` ${value['units']}` : ''
  return rule.map(([key, each]) => `${key} ${valueText(each)}${typeof each === 'number' ? units : ''}`).join(', ')
}
