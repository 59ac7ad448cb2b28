import {
  listed,
  type CoverageView,
  type JsonObject,
  type LintReport,
  type PolicyView,
  type PreparedApproval,
  type Trial,
} from '#libs/contracts'
import { verifiedPolicies, type VerifiedLive } from '#libs/policy'
import type { JSX } from 'preact'
import type { PageRequest } from '../layout/page.js'
import { Commands, count, Facts, Part } from '../layout/parts.js'
import { Tag, wordsFirst } from '../layout/state-words.js'
import { isUnread, type Answer, type Sent } from '../reading/answer.js'
import { predicatesOf } from '../signing/people.js'
import { proofOf, type Proof } from './proof.js'

/** Facts about a run of these releases, as `hms-svc plan` prints them. Reading them changes nothing. */
export interface EffectFacts {
  lint: Sent<LintReport>
  trial: Sent<Trial>
  proof: Proof
  bots: { id: string; coverage: Answer<CoverageView> }[]
}

/** Longest time of a trial that a page waits for. */
export const LONG_REPLAY_MS = 55_000

/** Result when the policies in force cannot be read: without them, lint and replay would judge a later version as a first one. */
const LIVE_UNKNOWN: Sent<never> = { kind: 'away', service: 'config-store', detail: 'did not report what is in force' }

export async function readEffect(
  request: Pick<PageRequest, 'read' | 'send' | 'trusted'>,
  prepared: PreparedApproval,
  { verified, patienceMs }: { verified: ReadonlyMap<string, VerifiedLive>; patienceMs: number },
): Promise<EffectFacts> {
  const { read, send } = request
  const policies = predicatesOf(prepared).map(({ policy }) => policy)
  const views = await Promise.all(policies.map(({ id }) => read<PolicyView>(`/v1/policies/${encodeURIComponent(id)}`)))
  const shown: JsonObject[] = views.flatMap((answer) => (answer.kind === 'loaded' ? [answer.value.value] : []))
  // A verified document is used as it was signed: a document whose texts were cleaned for display has another digest.
  const signed = new Map(verifiedPolicies(verified).map((policy) => [policy.id, policy]))
  const live = shown.map((document) => signed.get(String(document['id'])) ?? document)
  const isKnown = !views.some(isUnread)
  const [lint, trial, ...coverages] = await Promise.all([
    isKnown ? send<LintReport>('/v1/lint', { policies, live }) : LIVE_UNKNOWN,
    isKnown ? send<Trial>('/v1/simulations', { policies, live }, { deadlineMs: LONG_REPLAY_MS, patienceMs }) : LIVE_UNKNOWN,
    ...policies.map(({ id }) => read<CoverageView>(`/v1/coverage?policy=${encodeURIComponent(id)}`)),
  ])
  const proof = await proofOf(request, trial, { policies, live: verified })
  return { lint, trial, proof, bots: policies.map(({ id }, index) => ({ id, coverage: coverages[index]! })) }
}

export function Effect({ facts }: { facts: EffectFacts }): JSX.Element {
  return (
    <Part id="effect" title="Lint, replay and bots">
      <Facts
        facts={[
          ['Lint', <Lint lint={facts.lint} />],
          ['Replay of recorded readings', <Replay trial={facts.trial} />],
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

function Replay({ trial }: { trial: Sent<Trial> }): JSX.Element {
  if (trial.kind !== 'taken') return <NotAsked sent={trial} />
  const { verdict, detail, next, score } = trial.value
  return (
    <>
      <Tag text={WORDS[verdict]} tone={TONES[verdict]} /> {wordsFirst(detail)}
      {score === null ? null : (
        <ul>
          {Object.entries(score.bots).map(([kind, bots]) =>
            bots === undefined || bots.length === 0 ? null : (
              <li key={kind}>
                {kind}: {listed(bots, 20)}
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
  if (sent.kind === 'away') return <p>{`Not known: ${sent.service} ${sent.detail}.`}</p>
  if (sent.status === 401 || sent.status === 403)
    return <p>Not allowed from this page; a key of the scope operate may. hms-svc plan shows it.</p>
  return <p>{sent.detail}</p>
}

function botsText(id: string, coverage: Answer<CoverageView>): string {
  if (coverage.kind === 'loaded') return `${count(coverage.value.total, 'connected bot')} apply ${id}.`
  return coverage.kind === 'missing' ? `No bot applies ${id} yet.` : `Which bots apply ${id} cannot be shown now.`
}
