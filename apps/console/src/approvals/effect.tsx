import type { CoverageView, JsonObject, LintReport, PolicyView, PreparedApproval, Trial } from '#libs/contracts'
import type { JSX } from 'preact'
import type { PageRequest } from '../layout/page.js'
import { Commands, count, Facts, Part } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import { isUnread, type Answer, type Sent } from '../reading/answer.js'
import { predicatesOf } from '../signing/people.js'

/** What a run of these releases would do, as `hms-svc plan` says it. Nothing is changed by asking. */
interface EffectFacts {
  lint: Sent<LintReport>
  trial: Sent<Trial>
  bots: { id: string; coverage: Answer<CoverageView> }[]
}

/** Without what is in force, a later version would be judged as a first one. */
const LIVE_UNKNOWN: Sent<never> = { kind: 'away', service: 'config-store', detail: 'did not report what is in force' }

export async function readEffect(
  { read, send }: Pick<PageRequest, 'read' | 'send'>,
  prepared: PreparedApproval,
  deadlineMs: number,
): Promise<EffectFacts> {
  const policies = predicatesOf(prepared).map(({ policy }) => policy)
  const lives = await Promise.all(policies.map(({ id }) => read<PolicyView>(`/v1/policies/${encodeURIComponent(id)}`)))
  const live: JsonObject[] = lives.flatMap((answer) => (answer.kind === 'loaded' ? [answer.value.value] : []))
  const isKnown = !lives.some(isUnread)
  const [lint, trial, ...coverages] = await Promise.all([
    isKnown ? send<LintReport>('/v1/lint', { policies, live }) : LIVE_UNKNOWN,
    isKnown ? send<Trial>('/v1/simulations', { policies, live }, { deadlineMs }) : LIVE_UNKNOWN,
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
  if (trial.kind !== 'taken') return <NotAsked sent={trial} longer={trial === LIVE_UNKNOWN ? undefined : longer} />
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

function NotAsked({ sent, longer }: { sent: Exclude<Sent<unknown>, { kind: 'taken' }>; longer?: string | undefined }): JSX.Element {
  if (sent.kind === 'away')
    return (
      <p>
        Not known: {sent.service} {sent.detail}. {longer === undefined ? null : <a href={longer}>Wait for it, up to a minute</a>}
      </p>
    )
  if (sent.status === 401 || sent.status === 403)
    return <p>Not allowed from this page; a key of the scope operate may. hms-svc plan shows it.</p>
  return <p>{sent.detail}</p>
}

function botsText(id: string, coverage: Answer<CoverageView>): string {
  if (coverage.kind === 'loaded') return `${count(coverage.value.total, 'connected bot')} apply ${id}.`
  return coverage.kind === 'missing' ? `No bot applies ${id} yet.` : `Which bots apply ${id} cannot be shown now.`
}
