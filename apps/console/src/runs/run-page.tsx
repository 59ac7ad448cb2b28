import type { ApprovalSummary, AuditEntry, DeliveryView, RunStage, RunView, Ticket } from '#libs/contracts'
import {
  describeClock,
  describePassedStep,
  sentence,
  describeReview,
  isByPeople,
  isHeld,
  isTerminal,
  nextCommandsOf,
  policyRefs,
  reviewCommands,
  spokenDuration,
  stageLabel,
} from '#libs/contracts'
import { ImpactView } from '#libs/impact'
import type { JSX } from 'preact'
import { Entries } from '../audit/audit-page.js'
import { signersOf } from '../audit/entry-page.js'
import { FleetPart, readFleet } from '../bots/fleet-picture.js'
import { DecideForm } from '../decisions/decide-form.js'
import { decisionsOfRun, stillLive, whyNoDecision } from '../decisions/decisions-of-run.js'
import { mapAnswer, valueOf, type Answer } from '../reading/answer.js'
import { Absent, absentPage, LoadedPart, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, Commands, count, Countdown, Moment, Part, Table, Terminal, withMoments } from '../layout/parts.js'
import { reasonText, stateText, StateTag, VerdictTag, wordsFirst } from '../layout/state-words.js'
import { CanaryView } from './canary-view.js'
import { Evidence, readEvidence } from './evidence.js'
import { whatNext } from './what-next.js'
import { PartnersNotified } from '../partners/delivery-rows.js'

/** One run: how far it is, why, who signed, what comes next, and what proves it. */
export async function runPage(request: PageRequest): Promise<PageContent> {
  const number = request.params['number'] ?? ''
  const answer: Answer<RunView> = /^\d{1,9}$/.test(number)
    ? await request.read<RunView>(`/v1/runs/${number}`)
    : { kind: 'missing', detail: `There is no run ${number.slice(0, 40)}: runs have numbers.` }
  if (answer.kind !== 'loaded') return withoutRun(number, answer)
  const run = answer.value
  const { read } = request
  const [approval, tickets, entries, deliveries, evidence, fleet] = await Promise.all([
    read<ApprovalSummary>(`/v1/approvals/${encodeURIComponent(run.digest)}`),
    read<Ticket[]>('/v1/tickets?state=OPEN'),
    read<AuditEntry[]>(`/v1/audit/entries?run=${run.run}&limit=1000&acts=true`),
    read<DeliveryView[]>(`/v1/deliveries?run=${run.run}`),
    readEvidence(read, run),
    readFleet(read, run.policies[0]!.id),
  ])
  const { canary, ...judged } = evidence
  const observedMs = canary?.observeUntil === run.continuesAt ? canary?.observeMs : undefined
  const impact = evidence.simulation?.report?.impact
  const name = policyRefs(run.policies)
  const cause = run.stages.find(({ verdict, detail }) => verdict === (run.state === 'PAUSED' ? 'INCONCLUSIVE' : 'FAIL') && detail !== '')
  return {
    ...placeIn('Runs', `Run ${run.run} · ${stateText(run.state)} · ${run.policies.map(({ id }) => id).join(', ')}`),
    heading: `Run ${run.run}: ${name}`,
    summary: summaryOf(run),
    state: run.state,
    body: (
      <>
        <StageBar run={run} />
        <div class="columns">
          <div>
            <Part id="next" title={isTerminal(run.state) ? 'How it ended' : 'What happens next'}>
              <p>
                {cause === undefined ? '' : `${SHORT[cause.stage]}: ${wordsFirst(cause.detail)}. `}
                {withMoments(whatNext(run))}
              </p>
              {run.state === 'AWAITING_APPROVAL' ? <a href={`/approvals/${encodeURIComponent(run.digest)}`}>Read and sign it</a> : ''}{' '}
              {run.continuesAt === undefined ? null : <Countdown until={run.continuesAt} ofMs={observedMs} />}
              <a href={`/runs/${run.run}/receipt`}>Receipt</a>
              <Commands commands={nextCommandsOf(run)} />
              <Decisions run={run} />
            </Part>
            <Decide run={run} tickets={mapAnswer(tickets, (open) => open.filter((ticket) => ticket.run === run.run))} />
            <LoadedPart id="approvals" title="Who signed" answer={approval} what="approvals of this run" children={signersOf} />
          </div>
          <div>
            <FleetPart answer={fleet} />
            <Part id="steps" title="Stages">
              <Steps run={run} />
            </Part>
            {canary === undefined ? null : (
              <Part id="canary" title="Canary">
                <CanaryView canary={canary} run={run} />
              </Part>
            )}
          </div>
        </div>
        <PartnersNotified answer={deliveries} />
        {impact === undefined ? null : (
          <Part id="impact" title="What the change turns">
            <ImpactView impact={impact} />
            <p>
              As a page of its own: <Command>{`hms-svc simulations show ${run.run} --report impact.html`}</Command>
            </p>
          </Part>
        )}
        <Part id="evidence" title="Evidence">
          <Evidence run={run} evidence={judged} />
        </Part>
        <LoadedPart id="events" title="Events and proof" answer={entries} what="recorded events of this run">
          {(value) => <Events entries={value} run={run} />}
        </LoadedPart>
        <Terminal
          same
          commands={[
            `hms-svc runs ${isTerminal(run.state) ? 'show' : 'watch'} ${run.run}`,
            `hms-svc audit log --run ${run.run}`,
            ...run.policies.map(({ id, version }) => `hms-svc audit proof ${id}@${version}`),
          ]}
        />
      </>
    ),
  }
}

/** Decisions that are possible now. The browser keeps the form while a person fills it in; the page behind it reads the run again. */
function Decide({ run, tickets }: { run: RunView; tickets: Answer<Ticket[]> }): JSX.Element {
  const waiting = valueOf(tickets) ?? []
  const why =
    waiting.length > 0 && isTerminal(run.state) ? `Run ${run.run} has ended; its ticket waits for a decision.` : whyNoDecision(run)
  const live = stillLive(run)
  return (
    <Part id="decide" title="Decide">
      {waiting.length === 0 ? null : (
        <ul>
          {waiting.map(({ ticket, kind, reason, expiresAt }) => (
            <li key={ticket}>
              <a href={`/reviews/${ticket}`}>Ticket {ticket}</a> waits ({reasonText(reason)}),{' '}
              {kind === 'BREAK_GLASS_REVIEW' ? 'due' : 'until'} <Moment at={expiresAt} />.
            </li>
          ))}
        </ul>
      )}
      <Absent answer={tickets} what="tickets of this run" />
      {why === undefined ? <DecideForm action={`/runs/${run.run}/decide`} allowed={decisionsOfRun(run)} /> : <None>{why}</None>}
      {live.length === 0 ? null : (
        <p>
          {live.map((id) => (
            <a key={id} href={`/policies/${encodeURIComponent(id)}/rollback`}>
              Take {id} back
            </a>
          ))}
        </p>
      )}
      {why === undefined ? <Commands commands={[`hms-svc runs DECISION ${run.run} --reason TEXT --sign NAME`]} /> : null}
    </Part>
  )
}

function withoutRun(number: string, answer: Exclude<Answer<RunView>, { kind: 'loaded' }>): PageContent {
  const [title, summary] =
    answer.kind === 'missing'
      ? [`No run ${number.slice(0, 40)}`, 'There is nothing of that number.']
      : [`Run ${number}`, 'It cannot be shown now.']
  return absentPage({ ...placeIn('Runs', title), summary }, answer, 'run')
}

function summaryOf(run: RunView): string {
  const stage = run.stages.findIndex(({ verdict }) => verdict === 'RUNNING')
  const where = stage === -1 || isTerminal(run.state) ? '' : `, step ${stage + 1} of ${run.stages.length}`
  const reason = run.reason === undefined ? '' : ` (${reasonText(run.reason)})`
  const took = run.endedAt === null ? '' : ` after ${tookText(run.createdAt, run.endedAt)}`
  return `${stateText(run.state)}${reason}${where}${took}.`
}

function tookText(from: string, until: string): string {
  return spokenDuration(Date.parse(until) - Date.parse(from))
}

const SHORT: Record<RunStage['stage'], string> = {
  lint: 'Lint',
  simulate: 'Simulation',
  canary: 'Canary',
  rollout: 'Rollout',
  notify: 'Notification',
}

/** The five stages in one line that stays in sight, each with the mark of its verdict. */
function StageBar({ run }: { run: RunView }): JSX.Element {
  return (
    <ol id="stage-bar" data-live class="stage-bar" aria-label="Stages">
      {run.stages.map(({ stage, verdict }) => (
        <li key={stage} class={`segment--${verdict.toLowerCase()}`} aria-current={verdict === 'RUNNING' ? 'step' : undefined}>
          {SHORT[stage]}
        </li>
      ))}
    </ol>
  )
}

function Steps({ run }: { run: RunView }): JSX.Element {
  return (
    <>
      <p>
        <StateTag state={run.state} /> {run.attempt > 1 ? `Attempt ${run.attempt}. ` : ''}Started <Moment at={run.createdAt} />
        {run.endedAt === null ? null : (
          <>
            , ended <Moment at={run.endedAt} />
          </>
        )}
        .{run.clock === undefined ? null : ` ${withMoments(describeClock(run.clock, isHeld(run)))}.`}
      </p>
      <BreakGlassNote run={run} />
      <ol class="usa-step-indicator">
        {run.stages.map((stage) => (
          <li
            key={stage.stage}
            class={`usa-step-indicator__segment segment--${stage.verdict.toLowerCase()}`}
            aria-current={stage.verdict === 'RUNNING' ? 'step' : undefined}
          >
            <h3>{SHORT[stage.stage]}</h3>
            <VerdictTag stage={stage} state={run.state} />
            {stage.label === undefined ? null : <p>{stageLabel(stage)}</p>}
            {stage.detail === '' ? null : <p>{wordsFirst(stage.detail)}</p>}
            {stage.steps === undefined ? null : (
              <ul>
                {stage.steps.map((step) => (
                  <li key={step.step}>{describePassedStep(step)}</li>
                ))}
              </ul>
            )}
            {stage.startedAt === null ? null : (
              <p class="quiet">
                {stage.endedAt === null ? ['since ', <Moment at={stage.startedAt} />] : `took ${tookText(stage.startedAt, stage.endedAt)}`}
              </p>
            )}
          </li>
        ))}
      </ol>
    </>
  )
}

/** People who sent the run past simulation and canary, and the deadline of its review. */
function BreakGlassNote({ run: { breakGlass } }: { run: RunView }): JSX.Element | null {
  if (breakGlass === undefined) return null
  const { by, reason, review } = breakGlass
  return (
    <>
      <p>
        <strong>Break-glass</strong>: {by.join(' and ')} sent it past simulation and canary: “{reason}”.{' '}
        {withMoments(sentence(describeReview(review)))}.
      </p>
      <Commands commands={reviewCommands(review)} />
    </>
  )
}

function Decisions({ run }: { run: RunView }): JSX.Element | null {
  if (run.decisions.length === 0) return null
  return (
    <Table
      caption="What people decided"
      head={['When', 'Decision', 'Who', 'Reason', 'What became of it']}
      rows={run.decisions.map(({ decision, by, reason, at, outcome }) => [
        <td>{<Moment at={at} />}</td>,
        decision,
        by,
        reason,
        outcome === 'late' ? 'came too late' : outcome,
      ])}
    />
  )
}

function Events({ entries, run }: { entries: AuditEntry[]; run: RunView }): JSX.Element {
  const steps = entries.filter((entry) => !isByPeople(entry))
  if (entries.length === 0) return <None>The log has nothing of this run yet; entries follow within a second.</None>
  return (
    <>
      <p>
        Each line is an entry of the public log.{' '}
        {run.policies.map(({ id, version }) => (
          <span key={id}>
            <a href={`/v1/audit/proofs?policy=${encodeURIComponent(id)}&version=${encodeURIComponent(version)}`}>
              Proof of {id}@{version}
            </a>{' '}
          </span>
        ))}
        Check it yourself: <Command>hms-svc audit verify</Command>.
      </p>
      <Entries entries={entries.filter(isByPeople)} />
      <details id="events-of-services">
        <summary>{count(steps.length, 'step')} of services</summary>
        <Entries entries={steps} />
      </details>
    </>
  )
}
