import { policyRefs, type ApprovalSummary, type PreparedApproval } from '#libs/contracts'
import type { JSX } from 'preact'
import { LoadedPart, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { Command, count, Moment, Part, RunLink, Table, Terminal, timeLeft } from '../layout/parts.js'
import { mapAnswer, valueOf } from '../reading/answer.js'
import { queryOf, textIn } from '../forms/query.js'
import { ProposeForm } from './propose-form.js'

/** Whether an approval still takes signatures and rejections. */
export function isOpen({ state, expiresAt }: Pick<PreparedApproval, 'state' | 'expiresAt'>, now: Date): boolean {
  return (state === 'PREPARED' || state === 'AWAITING_APPROVAL') && Date.parse(expiresAt) > now.getTime()
}

/** State, run ahead and signatures of an approval for the page that signs or rejects it, and the list that has the present ones. */
export function stateBeside(digest: string, { state, overtakenBy = 0, signedBy }: Omit<PreparedApproval, 'releases' | 'plan'>) {
  return { state: [state, overtakenBy, ...signedBy].join(), beside: `/approvals?${queryOf({ of: digest })}` }
}

/** Page of the approvals that wait for signatures, with the form for a new release. `?of=DIGEST`: with the state of that approval. */
export async function approvalsPage({ read, now, query }: PageRequest): Promise<PageContent> {
  const of = textIn(query, 'of', 100)
  const followed = of === '' ? undefined : await read<ApprovalSummary>(`/v1/approvals/${encodeURIComponent(of)}`)
  const all = mapAnswer(await read<ApprovalSummary[]>('/v1/approvals?state=open'), (list) =>
    list.toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt)),
  )
  const answer = mapAnswer(all, (list) => list.filter(({ state }) => state === 'AWAITING_APPROVAL'))
  const proposed = valueOf(all)?.filter(({ state }) => state === 'PREPARED') ?? []
  const active = valueOf(all)?.filter(({ state }) => state !== 'PREPARED' && state !== 'AWAITING_APPROVAL') ?? []
  return {
    title: 'Approvals',
    section: 'Approvals',
    state: followed?.kind === 'loaded' ? stateBeside(of, followed.value).state : undefined,
    summary:
      answer.kind === 'loaded' ? `${count(answer.value.length, 'approval')} waiting for signatures.` : 'Approvals cannot be shown now.',
    body: (
      <div class="columns columns--left">
        <div>
          <LoadedPart id="waiting" title="Waiting for signatures" answer={answer} what="approvals">
            {(list) => <Listing approvals={list} now={now} />}
          </LoadedPart>
          {proposed.length === 0 ? null : (
            <Part id="proposed" title="Proposed">
              <Listing approvals={proposed} now={now} caption="Proposed, without a signature" />
            </Part>
          )}
          {active.length === 0 ? null : (
            <Part id="active" title="Under way">
              <Listing approvals={active} now={now} caption="Signed by all, with a run under way" />
            </Part>
          )}
        </div>
        <div>
          <Part still id="propose" title="Propose a policy">
            <ProposeForm />
            <p>
              The same from a terminal: <Command>hms-svc approve FILE --sign NAME</Command>
            </p>
          </Part>
          <Terminal commands={['hms-svc approvals list', 'hms-svc plan FILE']} />
        </div>
      </div>
    ),
  }
}

type ListingProps = { approvals: readonly ApprovalSummary[]; now: Date; caption?: string }

function Listing({ approvals, now, caption = 'Waiting for signatures' }: ListingProps): JSX.Element {
  if (approvals.length === 0) return <None>Nothing waits for a signature.</None>
  return (
    <Table
      caption={caption}
      head={['What', 'Written by', 'Signed by', 'Still missing', 'Ends']}
      rows={approvals.map(({ digest, run, policies, authors, signedBy, missing, expiresAt }) => [
        <>
          <a href={`/approvals/${encodeURIComponent(digest)}`}>{policyRefs(policies)}</a> {run === null ? null : <RunLink run={run} />}
        </>,
        authors.join(', ') || 'not stated',
        signedBy.join(', '),
        missing.join(', '),
        [<Moment at={expiresAt} />, ' ', <span class="quiet">in {timeLeft(expiresAt, now)}</span>],
      ])}
    />
  )
}
