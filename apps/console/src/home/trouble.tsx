import { isTerminal, type DeadLetterSummary, type RunView } from '#libs/contracts'
import type { JSX } from 'preact'
import { Loaded, None } from '../page/absent.js'
import { count, policiesText, RunLink } from '../page/parts.js'
import { StateTag, Tag } from '../page/state-words.js'
import { valueOf, type Answer } from '../reading/answer.js'
import type { ServiceHealth } from '../status/read-health.js'

export interface TroubleFacts {
  services: ServiceHealth[]
  letters: Answer<DeadLetterSummary[]>[]
  /** The newest runs. */
  runs: Answer<RunView[]>
}

/** The newest run of a policy that ended badly: until another one ends well, that is how things stand. */
export function badlyEnded(runs: readonly RunView[]): RunView[] {
  const seen = new Set<string>()
  return runs.filter((run) => {
    if (!isTerminal(run.state)) return false
    const fresh = run.policies.filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    return fresh.length > 0 && (run.state === 'FAILED' || run.state === 'ROLLED_BACK')
  })
}

/** How many things are wrong, as far as one can see. */
export function countTrouble({ services, letters, runs }: TroubleFacts): number {
  const given = letters.flatMap((answer) => valueOf(answer) ?? []).length
  return services.filter(({ state }) => state !== 'up').length + (given > 0 ? 1 : 0) + badlyEnded(valueOf(runs) ?? []).length
}

export function Trouble({ facts }: { facts: TroubleFacts }): JSX.Element {
  const { services, letters, runs } = facts
  const unwell = services.filter(({ state }) => state !== 'up')
  const given = letters.flatMap((answer) => valueOf(answer) ?? [])
  const dark = letters.filter(({ kind }) => kind === 'denied')[0]
  const failed = badlyEnded(valueOf(runs) ?? [])
  return (
    <>
      {unwell.length + given.length + failed.length > 0 ? (
        <ul>
          {unwell.map(({ service, state, concerns }) => (
            <li key={service}>
              {state === 'down' ? <Tag text="Down" tone="bad" /> : <Tag text="Degraded" tone="warn" />} <a href="/status">{service}</a>{' '}
              {concerns.join('; ')}
            </li>
          ))}
          {given.length === 0 ? null : (
            <li>
              <Tag text="Given up" tone="bad" /> <a href="/topics#letters">{count(given.length, 'message')}</a> could not be handled.
            </li>
          )}
          {failed.map((run) => (
            <li key={run.run}>
              <StateTag state={run.state} /> <RunLink run={run.run} /> {policiesText(run.policies)}
              {run.reason === undefined ? '' : ` (${run.reason})`}
            </li>
          ))}
        </ul>
      ) : (
        <None>Nothing that can be seen from here.</None>
      )}
      {dark === undefined ? null : (
        <Loaded answer={dark} what="dead letters">
          {() => null}
        </Loaded>
      )}
    </>
  )
}
