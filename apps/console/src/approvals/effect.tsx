import type { CoverageView, JsonObject, LintReport, PolicyView, PreparedApproval, Trial } from '#libs/contracts'
import type { JSX } from 'preact'
import type { PageRequest } from '../layout/page.js'
import { Commands, count, Facts, Part } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import type { Answer, Sent } from '../reading/answer.js'
import { predicatesOf } from '../signing/people.js'

/** What a run of these releases would do, as `hms-svc plan` says it. Nothing is changed by asking. */
export interface EffectFacts {
  lint: Sent<LintReport>
  trial: Sent<Trial>
  bots: { id: string; coverage: Answer<CoverageView> }[]
}

export async function readEffect(
  { read, send }: Pick<PageRequest, 'read' | 'send'>,
  prepared: PreparedApproval,
  deadlineMs: number,
): Promise<EffectFacts> {
  const policies = predicatesOf(prepared).map(({ policy }) => policy)
  const lives = await Promise.all(policies.map(({ id }) => read<PolicyView>(`/v1/policies/${encodeURIComponent(id)}`)))
  const live: JsonObject[] = lives.flatMap((answer) => (answer.kind === 'loaded' ? [answer.value.value] : []))
  const [lint, trial, ...coverages] = await Promise.all([
    send<LintReport>('/v1/lint', { policies, live }),
    send<Trial>('/v1/simulations', { policies, live }, { deadlineMs }),
    ...policies.map(({ id }) => read<CoverageView>(`/v1/coverage?policy=${encodeURIComponent(id)}`)),
  ])
  return { lint, trial, bots: policies.map(({ id }, index) => ({ id, coverage: coverages[index]! })) }
}

export function Effect({ facts, longer }: { facts: EffectFacts; longer?: string }): JSX.Element {
  return (
    <Part id="effect" title="What it would do">
      <Facts
        facts={[
          ['Lint', <Lint lint={facts.lint} />],
          ['Replay of recorded readings', <Replay trial={facts.trial} longer={longer} />],
          ['Bots', facts.bots.map(({ id, coverage }) => <p key={id}>{botsText(id, coverage)}</p>)],
        ]}
      />
    </Part>
  )
}

function Lint({ lint }: { lint: Sent<LintReport> }): JSX.Element {
  if (lint.kind !== 'taken') return <NotAsked sent={lint} />
  const { findings } = lint.value
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return (
    <>
      {errors > 0 ? <Tag text={`Would fail: ${count(errors, 'error')}`} tone="bad" /> : <Tag text="Would pass" tone="good" />}
      {findings.length === 0 ? null : (
        <ul>
          {findings.map(({ rule, message, severity }) => (
            <li key={rule + message}>
              {severity}: {rule} {message}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

const TONES = { PASS: 'good', FAIL: 'bad', INCONCLUSIVE: 'warn' } as const
const WORDS = { PASS: 'Would pass', FAIL: 'Would fail', INCONCLUSIVE: 'No clear answer' } as const

function Replay({ trial, longer }: { trial: Sent<Trial>; longer?: string | undefined }): JSX.Element {
  if (trial.kind === 'away' && longer !== undefined) {
    return (
      <p>
        Not done yet: it takes longer than this page waits. <a href={longer}>Wait for it, up to a minute</a>
      </p>
    )
  }
  if (trial.kind !== 'taken') return <NotAsked sent={trial} />
  const { verdict, detail, next, score } = trial.value
  return (
    <>
      <Tag text={WORDS[verdict]} tone={TONES[verdict]} /> {detail}
      {score === null ? null : (
        <ul>
          {Object.entries(score.bots).map(([kind, bots]) =>
            bots === undefined || bots.length === 0 ? null : (
              <li key={kind}>
                {kind}: {bots.slice(0, 20).join(', ')}
                {bots.length > 20 ? ` and ${bots.length - 20} more` : ''}
              </li>
            ),
          )}
        </ul>
      )}
      <Commands commands={next} />
    </>
  )
}

function NotAsked({ sent }: { sent: Exclude<Sent<unknown>, { kind: 'taken' }> }): JSX.Element {
  if (sent.kind === 'away')
    return (
      <p>
        Not known: {sent.service} {sent.detail}.
      </p>
    )
  if (sent.status === 401 || sent.status === 403)
    return <p>Not allowed from this page; a key of the scope operate may. hms-svc plan shows it.</p>
  return <p>{sent.detail}</p>
}

function botsText(id: string, coverage: Answer<CoverageView>): string {
  switch (coverage.kind) {
    case 'loaded':
      return `${count(coverage.value.total, 'connected bot')} live by ${id}.`
    case 'missing':
      return `No bot lives by ${id} yet.`
    default:
      return `Which bots live by ${id} cannot be shown now.`
  }
}
