import {
  policyRefs,
  describeReplaced,
  spokenDuration,
  stageLabel,
  type ApprovalSummary,
  type AuditEntry,
  type DeliveryView,
  type PastPolicyView,
  type PolicyHistoryEntry,
  type RunPolicy,
  type RunStage,
  type RunState,
  type RunView,
} from '#libs/contracts'
import type { JSX } from 'preact'
import { encodeQR } from 'qr'
import { isChangeOf, signersOf } from '../audit/entry-page.js'
import { absentPage, Loaded, LoadedPart, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, count, Facts, Moment, momentText, Part, Table } from '../layout/parts.js'
import { stateText, VerdictTag, wordsFirst } from '../layout/state-words.js'
import { PartnersNotified } from '../partners/delivery-rows.js'
import { ruleTexts } from '../policies/policy-table.js'
import { mapAnswer, valueOf, type Answer, type Read } from '../reading/answer.js'
import { powerText } from './canary-view.js'
import { bundlePath } from './offline-bundle.js'

/** Policy of the run with its newest time in force, and the period that the run began. */
type ReceivedPolicy = RunPolicy & { past: Answer<PastPolicyView>; change: Answer<PolicyHistoryEntry | undefined> }

/** Limit of policies on one receipt: each takes two reads, and a run may have two hundred policies. */
const MAX_POLICIES = 20

/** Receipt of a run, to print: rule, difference, signers, evidence, notified partners, time in force, log entry, and offline bundle. */
export async function runReceiptPage({ read, params, now, origin = '' }: PageRequest): Promise<PageContent> {
  const number = (params['number'] ?? '').slice(0, 40)
  const above = { href: `/runs/${encodeURIComponent(number)}`, text: `Run ${number}` }
  const place = { ...placeIn('Runs', `Receipt of run ${number}`, above), still: true as const }
  const answer = await read<RunView>(`/v1/runs/${encodeURIComponent(number)}`)
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'The run cannot be shown.' }, answer, 'run')
  const run = answer.value
  const [approval, deliveries, entries, policies] = await Promise.all([
    read<ApprovalSummary>(`/v1/approvals/${encodeURIComponent(run.digest)}`),
    read<DeliveryView[]>(`/v1/deliveries?run=${run.run}`),
    read<AuditEntry[]>(`/v1/audit/entries?run=${run.run}&type=hms.approval.approved.v1&limit=10`),
    Promise.all(run.policies.slice(0, MAX_POLICIES).map((policy) => receivedPolicy(read, policy, run.run))),
  ])
  return {
    ...place,
    summary: [`${policyRefs(run.policies)}: ${stateText(run.state)}`, ...describeReplaced(run)].join('; ') + '.',
    body: (
      <div class="columns">
        <div>
          {policies.map((policy) => (
            <Part key={policy.id} id={`policy-${policy.id}`} title={`${policy.id}@${policy.version}`}>
              <Rule policy={policy} />
            </Part>
          ))}
          {run.policies.length <= MAX_POLICIES ? null : (
            <None>{`${run.policies.length - MAX_POLICIES} more policies are on the page of the run.`}</None>
          )}
          <LoadedPart id="signers" title="Who signed" answer={approval} what="approvals of this run" children={signersOf} />
          <Part id="evidence" title="Evidence">
            <Facts facts={run.stages.map((stage) => [stageLabel(stage), <Outcome stage={stage} state={run.state} />])} />
          </Part>
        </div>
        <div>
          <Part id="reach" title="In force">
            <Reach run={run} />
          </Part>
          <Part id="proof" title="Proof">
            <Loaded answer={entries} what="log entries of this run">
              {(value) => (
                <p>
                  Approval in the public log:{' '}
                  {value.length === 0 ? 'not recorded yet' : value.map(({ index }) => <a href={`/audit/${index}`}>entry {index}</a>)}
                </p>
              )}
            </Loaded>
            {policies.map((policy) => (
              <Bundle key={policy.id} policy={policy} origin={origin} now={now} />
            ))}
          </Part>
        </div>
        <PartnersNotified answer={deliveries} />
      </div>
    ),
  }
}

function Outcome({ stage, state }: { stage: RunStage; state: RunState }): JSX.Element {
  const { detail, figures } = stage
  return (
    <>
      <VerdictTag stage={stage} state={state} /> {wordsFirst(detail)}
      {figures === undefined ? null : (
        <p>
          {count(figures.cohort, 'bot')} in the cohort raised {count(figures.cohortAlerts, 'unexplained alert')};{' '}
          {count(figures.control, 'bot')} in the control group raised {figures.controlAlerts}. {powerText(figures.power)}.
        </p>
      )}
    </>
  )
}

async function receivedPolicy(read: Read, policy: RunPolicy, run: number): Promise<ReceivedPolicy> {
  const path = `/v1/policies/${encodeURIComponent(policy.id)}`
  const [past, history] = await Promise.all([
    read<PastPolicyView>(`${path}?version=${encodeURIComponent(policy.version)}`),
    read<PolicyHistoryEntry[]>(`${path}/history?limit=50`),
  ])
  return { ...policy, past, change: mapAnswer(history, (entries) => entries.findLast((entry) => isChangeOf(entry, run))) }
}

function Rule({ policy: { id, version, past, change } }: { policy: ReceivedPolicy }): JSX.Element {
  const value = valueOf(past)?.value
  return (
    <>
      <p class="receipt-rule">{value === undefined ? `${id}@${version} was never in force for all.` : ruleTexts(value).join(', ')}</p>
      <Loaded answer={change} what="changes of this policy">
        {(entry) => (
          <p>
            {entry === undefined ? (
              'Its change is not among the newest fifty of this policy.'
            ) : (
              <>
                Difference: {entry.differences.map(({ text }) => text).join('; ') || 'nothing but the version'}. In force from{' '}
                <Moment at={entry.from} exact />
                {entry.until === null ? '' : [' until ', <Moment at={entry.until} exact />]}.
              </>
            )}
          </p>
        )}
      </Loaded>
    </>
  )
}

const SHARES = [
  ['50 %', 'half'],
  ['95 %', 'most'],
  ['100 %', 'all'],
] as const

function Reach({ run: { clock, createdAt } }: { run: RunView }): JSX.Element {
  const rows = SHARES.map(([share, name]) => [share, clock?.seconds[name] ?? null] as const)
  return (
    <>
      {clock === undefined ? null : (
        <p>
          {clock.current} of {clock.bots} bots{clock.effectiveAt === undefined ? '' : `, held until ${momentText(clock.effectiveAt)}`}.
        </p>
      )}
      <Table
        caption={`When bots had it, from the first signature at ${momentText(createdAt)}`}
        head={['Share of bots', 'After the first signature', 'At']}
        rows={rows.map(([share, seconds]) => [
          share,
          seconds === null ? 'not recorded' : spokenDuration(seconds * 1_000),
          <Moment exact at={seconds === null ? null : new Date(Date.parse(createdAt) + seconds * 1_000).toISOString()} />,
        ])}
      />
    </>
  )
}

/** Address of the offline bundle, also as a QR code, for a release that was in force. */
function Bundle({ policy: { id, version, past }, origin, now }: { policy: ReceivedPolicy; origin: string; now: Date }): JSX.Element {
  const since = valueOf(past)?.since
  if (since === undefined) return <None>{`${id}@${version} has no offline bundle.`}</None>
  const address = origin + bundlePath(id, version)
  return (
    <div class="receipt-bundle">
      <p>
        Offline bundle of {id}@{version}: <a href={bundlePath(id, version)}>{address}</a>
        <br />
        Verify it anywhere{Date.parse(since) > now.getTime() ? ` from ${momentText(since)} on` : ''}:{' '}
        <Command>{`hms-svc verify ${id}@${version}.bundle --roster roster.json`}</Command>
      </p>
      {origin === '' ? null : <QrCode text={address} />}
    </div>
  )
}

/** Dark on white in every colour scheme: many readers refuse an inverted code. */
function QrCode({ text }: { text: string }): JSX.Element {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const path = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg class="receipt-code" role="img" aria-label={`QR code of ${text}`} viewBox={`0 0 ${rows.length} ${rows.length}`}>
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  )
}
