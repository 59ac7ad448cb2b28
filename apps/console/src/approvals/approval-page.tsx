import { readPrepared, type ReadApproval } from '#libs/client'
import { policyRefs, HmsError, isTerminal, spokenDuration, type PreparedApproval, numberText, type WhatIf } from '#libs/contracts'
import { consentOf, type Consent, type SignedRelease, type FieldChange } from '#libs/policy'
import { approvalRequirement, unlessRefused } from '#libs/signing'
import type { JSX } from 'preact'
import { absentPage, Alert, Loaded } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, Facts, Moment, Part, RunLink, timeLeft } from '../layout/parts.js'
import type { Answer } from '../reading/answer.js'
import { type People, predicatesOf, readPeople, whoMayNotSign } from '../signing/people.js'
import { typedAgainOf, type TypedAgain, consequenceText, notVerifiedText } from '../signing/consequence-texts.js'
import { SigningBlock } from '../signing/signing-block.js'
import { ConsentLines, Statement } from '../signing/statement-view.js'
import { ChoiceForm, ReasonFields, TextField, Submit } from '../forms/fields.js'
import { isOpen, stateBeside } from './approvals-page.js'
import { Effect, LONG_REPLAY_MS, readEffect, type EffectFacts } from './effect.js'
import { labelsOf, Pictures } from './pictures.js'
import type { Proof } from './proof.js'
import { unitText } from '../policies/policy-table.js'

/** Shows one large sentence per scenario. Before the page's script signs, it checks the elements that are marked `data-` here. */
function ConsequencePart({ proof, longer }: { proof: Proof; longer: string | undefined }): JSX.Element {
  return (
    <Part still id="consequence" title="What it would have done">
      <div id="consequence" data-part aria-live="polite">
        {proof.kind === 'proven' ? <Proven proof={proof} /> : <Unproven proof={proof} longer={longer} />}
      </div>
    </Part>
  )
}

const LARGE = 'A large change: more than a tenth of all readings, or five times as many violations, or a fifth of them'

function Proven({ proof: { consequences, statement, keys } }: { proof: Proof & { kind: 'proven' } }): JSX.Element {
  return (
    <div data-trial={JSON.stringify(statement)} data-keys={JSON.stringify(keys)}>
      {consequences.map((each) => {
        const sentence = (
          <p class="consequence" data-consequence>
            {consequenceText(each)}
          </p>
        )
        return each.large ? <Alert kind="warning" title={LARGE} children={sentence} /> : sentence
      })}
      <p class="quiet">
        {consequences.length === 0
          ? 'No scenario judges recorded readings by these policies, so nothing tells what it would have done.'
          : 'Counted by simulator over recorded readings and signed; verified by this page, and once more before you sign.'}
      </p>
    </div>
  )
}

function Unproven({ proof, longer }: { proof: Proof & { kind: 'unproven' }; longer: string | undefined }): JSX.Element {
  const { why, isPending, progress } = proof
  if (!isPending)
    return (
      <div class="usa-alert usa-alert--error" data-trial="" data-why={why}>
        <p class="consequence" data-consequence>
          {notVerifiedText(why)}
        </p>
      </div>
    )
  const counted = progress && `Replaying recorded readings: ${numberText(progress.done)} of ${numberText(progress.total)} programs done. `
  return (
    <div class="usa-alert usa-alert--info" data-trial="" data-why={why} data-pending>
      {counted ?? `Not known yet: ${why}. `}
      {longer === undefined ? null : <a href={longer}>Wait for it, up to a minute</a>}
    </div>
  )
}

/** Longest time in ms that the page waits for a replay; the page's script fetches the result of a longer one. */
const REPLAY_MS = 4_000

/** Page of one approval, for the people who sign it: what changes, what it would do, who has to sign, and the bytes. */
export async function approvalPage(request: PageRequest): Promise<PageContent> {
  const { read, verified, params, now, query } = request
  const digest = params['digest'] ?? ''
  const path = `/v1/approvals/${encodeURIComponent(digest)}`
  const [answer, people] = await Promise.all([read<PreparedApproval>(`${path}/prepared`), readPeople(read)])
  const place = { ...placeIn('Approvals', 'Approval'), still: true as const }
  if (answer.kind !== 'loaded') {
    const isMissing = answer.kind === 'missing'
    const summary = isMissing
      ? 'There is no approval of that digest. An unsigned proposal is kept for a day at most.'
      : 'It cannot be shown now.'
    return absentPage({ ...place, summary }, answer, 'approval')
  }
  const found = readBytes(answer.value, digest)
  if (found instanceof HmsError)
    return { ...place, status: 409, summary: 'It cannot be signed here.', body: <NotItsBytes detail={found.detail} /> }
  const { prepared, predicates } = found
  const name = policyRefs(prepared.releases)
  const takesSignatures = isOpen(prepared, now)
  const { breakGlass } = prepared
  const wait = query.has('wait')
  const live = await verified(predicates.map(({ policy }) => policy.id))
  const consent = consentOf(predicates as unknown as SignedRelease[], live)
  const patienceMs = wait ? LONG_REPLAY_MS : REPLAY_MS
  const effect = takesSignatures && !consent.isRollback ? await readEffect(request, prepared, { verified: live, patienceMs }) : undefined
  const isLarge = effect?.proof.kind === 'proven' && effect.proof.consequences.some(({ large }) => large)
  const longer = wait ? undefined : `/approvals/${encodeURIComponent(digest)}?wait#consequence`
  return {
    ...place,
    title: `${breakGlass === undefined ? 'Approve' : 'Break-glass:'} ${name}`,
    heading: `${breakGlass !== undefined ? 'Break-glass:' : consent.isRollback ? 'Bring back' : 'Approve'} ${name}`,
    summary: summaryOf(prepared, takesSignatures),
    script: 'sign',
    ...(takesSignatures ? stateBeside(digest, prepared) : {}),
    scripts: effect === undefined ? [] : ['/console/consequence.js'],
    body: (
      <>
        {takesSignatures ? null : <Ended prepared={prepared} />}
        {breakGlass === undefined ? null : <PastTheStages reason={breakGlass.reason} prepared={prepared} />}
        <div class="columns">
          <div>
            <Part still id="signed" title="What is signed">
              {prepared.releases.map(({ id, payload, digest: release }, index) => (
                <Statement key={id} payload={payload} digest={release} release={consent.releases[index]!} live={live.get(id)!} />
              ))}
              <ConsentLines lines={consent.plan} />
              {prepared.supersede === true ? <p>The last signature ends the runs of these policies that are under way.</p> : null}
            </Part>
            {effect === undefined ? null : <ConsequencePart proof={effect.proof} longer={longer} />}
          </div>
          {effect === undefined ? null : (
            <div id="evidence" data-part>
              <Effect facts={effect} />
              {evidenceOf(effect, consent, query.get('whatif'))}
            </div>
          )}
          <div>
            {prepared.overtakenBy === undefined ? null : <Overtaken by={prepared.overtakenBy} />}
            <Who prepared={prepared} consent={consent} people={people} now={now} />
            {takesSignatures && breakGlass === undefined ? (
              <Signing prepared={prepared} people={people} again={isLarge ? typedAgainOf(consent) : undefined} />
            ) : null}
            {prepared.state === 'AWAITING_APPROVAL' && takesSignatures ? <Reject digest={digest} /> : null}
          </div>
        </div>
      </>
    ),
  }
}

/** Pictures of what the trial counted, and the violations at other values. `asked`: the value of `?whatif=`. */
function evidenceOf({ trial }: EffectFacts, consent: Consent, asked: string | null): JSX.Element | null {
  if (trial.kind !== 'taken' || trial.value.impact === null) return null
  const { impact, places = [], whatIf } = trial.value
  const changes = consent.releases.find(({ id }) => id === whatIf?.policy)?.changes
  const change = changes?.find(({ field }) => field === whatIf?.field)
  const labelOf = labelsOf(places)
  const sites = whatIf?.sites.map((site) => ({ ...site, name: labelOf(site) })) ?? []
  return (
    <>
      <Pictures impact={impact} places={places} />
      {whatIf === undefined ? null : <WhatIfForm whatIf={{ ...whatIf, sites }} asked={asked} change={change} />}
    </>
  )
}

function Overtaken({ by }: { by: number }): JSX.Element {
  return (
    <Alert kind="warning" title="It ends STALE behind another run">
      <RunLink run={by} /> is ahead, and this was prepared before it: once that run succeeds, this ends STALE. Prepare it again behind that
      run.
    </Alert>
  )
}

/** Reads the releases in the bytes; returns a refusal if the bytes are not releases, or not the releases of this digest. */
function readBytes(given: PreparedApproval, digest: string): ReadApproval | HmsError {
  try {
    const read = readPrepared(given)
    if (read.prepared.digest === digest) return read
    return new HmsError('HMS_APPROVAL_MISMATCH', `the service returned ${read.prepared.digest} for ${digest}`, { status: 502 })
  } catch (error) {
    if (error instanceof HmsError) return error
    throw error
  }
}

function NotItsBytes({ detail }: { detail: string }): JSX.Element {
  return (
    <Alert kind="error" title="No person can sign this">
      <p>{detail}. Tell the operator: the approver service shows something else than it asks people to sign.</p>
    </Alert>
  )
}

function summaryOf({ state, run, missing, signedBy }: PreparedApproval, isOpen: boolean): string {
  if (!isOpen) return `It waits for no signature${run === null ? '' : `; run ${run} is ${state.toLowerCase().replaceAll('_', ' ')}`}.`
  const signed = signedBy.length === 0 ? 'Not signed yet' : `Signed by ${signedBy.join(', ')}`
  return `${signed}. Still missing: ${missing.join(', ') || 'nothing'}.`
}

function Ended({ prepared: { run, state } }: { prepared: PreparedApproval }): JSX.Element {
  const isOver = state !== 'PREPARED' && isTerminal(state)
  return (
    <Alert kind="info" title="Nothing to sign here any more">
      <p>{run === null ? 'It ended before anybody signed.' : [<RunLink run={run} />, ` ${isOver ? 'has ended' : 'is under way'}.`]}</p>
    </Alert>
  )
}

/** Note on break-glass. No page signs it: two signatures that were meant as approvals would send the release to everybody. */
function PastTheStages({ reason, prepared: { plan, releases } }: { reason: string; prepared: PreparedApproval }): JSX.Element {
  return (
    <Alert kind="error" title="This is break-glass, no ordinary approval">
      <p>
        Reason: “{reason}”. Two people who sign it send it to everybody at once, past simulation and canary, watched for{' '}
        {spokenDuration(plan.bakeMs)} after that. A third has to review it within a day.
      </p>
      <p>
        It is signed from a terminal alone:{' '}
        <Command>{`hms-svc break-glass ${releases.length === 1 ? 'FILE' : 'FILES'} --sign NAME --sign NAME --reason TEXT`}</Command>
      </p>
    </Alert>
  )
}

type WhoProps = { prepared: PreparedApproval; consent: Consent; people: Answer<People>; now: Date }

function Who({ prepared, consent, people, now }: WhoProps): JSX.Element {
  const authors = consent.authors.map((author) => (
    <span key={author}>
      <span data-consent>{author}</span>{' '}
    </span>
  ))
  const open = isOpen(prepared, now)
  const unless = prepared.state === 'PREPARED' ? ', unless somebody signs before: without a signature it needs no rejection' : ''
  return (
    <Part still id="who" title="Who has to sign">
      <Facts
        facts={[
          ['Written by', authors.length === 0 ? 'not stated' : authors],
          ['Signed by', prepared.signedBy.join(', ') || 'no one yet'],
          open ? ['Still missing', prepared.missing.join(', ') || 'nothing'] : null,
          open ? ['Ends', [<Moment at={prepared.expiresAt} />, `, in ${timeLeft(prepared.expiresAt, now)}${unless}`]] : null,
        ]}
      />
      <Loaded answer={people} what="people of the roster">
        {({ roster }) => (
          <ul>
            {predicatesOf(prepared).map((predicate) => {
              // The roster may name no role for this policy.
              const needed = unlessRefused(() => approvalRequirement(roster, predicate), undefined)
              return (
                <li key={predicate.policy.id}>
                  {predicate.policy.id}:{' '}
                  {needed === undefined
                    ? 'no role of the roster approves it.'
                    : `${needed.threshold} of ${needed.eligible.map((id) => roster.nameOf(id)).join(', ')} (${needed.role}).`}
                </li>
              )
            })}
          </ul>
        )}
      </Loaded>
    </Part>
  )
}

type SigningPart = { prepared: PreparedApproval; people: Answer<People>; again: TypedAgain | undefined }

function Signing({ prepared, people, again }: SigningPart): JSX.Element {
  const { digest, releases } = prepared
  if (people.kind !== 'loaded') return <p>Signing needs the people of the roster, which cannot be shown now. Load the page again.</p>
  const mayNot = whoMayNotSign(people.value.roster, predicatesOf(prepared), 'approver')
  return (
    <SigningBlock
      verb="Sign"
      asksReason
      again={again}
      command={`hms-svc approve ${digest} --sign NAME`}
      payloads={releases.map(({ payload }) => payload)}
      act={{ kind: 'approval', path: '/v1/approvals', body: { digest }, people: people.value.names, mayNot }}
    />
  )
}

function Reject({ digest }: { digest: string }): JSX.Element {
  return (
    <Part still id="reject" title="Reject">
      <ChoiceForm action={`/approvals/${encodeURIComponent(digest)}/reject`} verb="Go on to sign the rejection" outline>
        <ReasonFields label="Why not" />
      </ChoiceForm>
      <p>
        The same from a terminal: <Command>{`hms-svc approvals reject ${digest} --reason TEXT --sign NAME`}</Command>
      </p>
    </Part>
  )
}

interface WhatIfProps {
  whatIf: WhatIf
  /** Value of `?whatif=`. */
  asked: string | null
  /** Change of the field; `undefined` if it was not verified, or does not change. */
  change: FieldChange | undefined
}

/** Form that shows the violations at another value of a field. The page's script adds a slider. */
export function WhatIfForm({ whatIf, asked, change }: WhatIfProps): JSX.Element {
  const { scenario, field, values, violations, readings, sites } = whatIf
  const wanted = asked === null || Number.isNaN(Number.parseFloat(asked)) ? change?.to : Number.parseFloat(asked)
  const at = nearest(values, typeof wanted === 'number' ? wanted : values[0]!)
  const base = values.findIndex((value) => value === change?.from)
  return (
    <section id="what-if" aria-labelledby="what-if-title" data-what-if={JSON.stringify({ values, violations, base, sites })}>
      <h2 id="what-if-title">What if?</h2>
      <form class="usa-form" method="get" action="#what-if">
        <div class="what-if-field">
          <TextField name="whatif" label={`What if ${field} were …`} value={String(values[at])} />
        </div>
        <Submit outline>Show</Submit>
      </form>
      <p>
        <output for="whatif">
          At <strong data-at>{values[at]}</strong> {unitText({ units: change?.units ?? null })}:{' '}
          <strong data-violations>{numberText(violations[at]!)}</strong> of {numberText(readings)} readings would have been violations
          {base < 0 ? '' : ', '}
          <span data-difference>{base < 0 ? '' : differenceText(violations[at]! - violations[base]!)}</span>
          {base < 0 ? '' : ` at ${values[base]}, in force now`}.
        </output>
      </p>
      <ul data-sites hidden />
      <p class="quiet">By the scenario {scenario}, unsigned: simulator counted it, and no one signs it.</p>
    </section>
  )
}

/** `317 more than`; the page's script has the same words. */
function differenceText(change: number): string {
  return change === 0 ? 'as many as' : `${numberText(Math.abs(change))} ${change > 0 ? 'more' : 'fewer'} than`
}

/** Index of the value that is nearest. */
function nearest(values: readonly number[], wanted: number): number {
  return values.reduce((best, value, index) => (Math.abs(value - wanted) < Math.abs(values[best]! - wanted) ? index : best), 0)
}
