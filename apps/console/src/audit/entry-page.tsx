import {
  entrySentence,
  eventWords,
  type ApprovalSummary,
  type AuditAct,
  type AuditEntry,
  type AuditProof,
  type PolicyHistoryEntry,
  type RunView,
} from '#libs/contracts'
import { digestOfPayload } from '#libs/signing'
import type { JSX } from 'preact'
import { queryOf } from '../forms/query.js'
import { Absent, absentPage, LoadedPart, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, Commands, Digest, Facts, Moment, Part, PolicyLink, PolicyLinks, RunLink, withMoments } from '../layout/parts.js'
import { Differences } from '../policies/policy-page.js'
import { isUnread, mapAnswer, valueOf, type Answer, type Read } from '../reading/answer.js'
import { type LogKeys, readPeople } from '../signing/people.js'

/** Signers, changes and proofs of the run that an entry belongs to. */
interface Background {
  approval: Answer<ApprovalSummary>
  changes: Answer<PolicyHistoryEntry[]>[]
  proofs: Answer<AuditProof>[]
}

/** One entry of the log: what was recorded, what was before and after, who signed, and the proof that it is in the log. */
export async function entryPage({ read, params }: PageRequest): Promise<PageContent> {
  const index = params['index'] ?? ''
  const answer = await entryAt(read, index)
  const heading = `Entry ${index.slice(0, 40)}`
  if (answer.kind !== 'loaded') return absentPage({ ...placeIn('Audit', heading), summary: 'It cannot be shown.' }, answer, 'entry')
  const entry = answer.value
  const [background, people] = await Promise.all([entry.run === null ? undefined : backgroundOf(read, entry.run), readPeople(read)])
  const logs = valueOf(people)?.logs
  const about = entry.key === String(entry.run) ? `run ${entry.run}` : entry.key
  return {
    ...placeIn('Audit', `${heading} · ${eventWords(entry.type)}`),
    heading: `${heading}: ${eventWords(entry.type)}`,
    summary: `${withMoments(entrySentence(entry))}. Recorded by ${entry.source.replace(/^\/hms-svc\//, '')} about ${about}.`,
    still: true,
    script: 'check',
    body: (
      <>
        <Part id="facts" title="What was recorded">
          <Facts
            facts={[
              ['Time', <Moment at={entry.at} exact />],
              ['Type', entry.type],
              ['Service', entry.source],
              ['About', about],
              ['Run', <RunLink run={entry.run} />],
              ['Event', entry.event],
              ['Digest of what the service signed', <Digest digest={entry.digest} />],
              ['Leaf hash', <Digest digest={entry.leafHash} />],
            ]}
          />
        </Part>
        {entry.acts === undefined || entry.acts.length === 0 ? null : (
          <Part id="acts" title="Who did it, and why">
            <Acts acts={entry.acts} />
          </Part>
        )}
        {background === undefined ? null : (
          <>
            <Part id="changes" title="Before and after">
              <Changes answers={background.changes} />
            </Part>
            <LoadedPart
              id="signers"
              title={`Who signed the approval of run ${entry.run}`}
              answer={background.approval}
              what="approval of its run"
              children={signersOf}
            />
          </>
        )}
        <section id="proof" aria-labelledby="proof-title">
          <h2 id="proof-title">Proof</h2>
          <Proof entry={entry} answers={background?.proofs ?? []} logs={logs} />
        </section>
      </>
    ),
  }
}

async function entryAt(read: Read, index: string): Promise<Answer<AuditEntry>> {
  if (!/^(0|[1-9]\d{0,14})$/.test(index)) return { kind: 'missing', detail: 'Entries have numbers.' }
  const answer = await read<AuditEntry[]>(`/v1/audit/entries?limit=1${index === '0' ? '' : `&after=${Number(index) - 1}`}&acts=true`)
  if (answer.kind !== 'loaded') return answer
  const [entry] = answer.value
  return entry?.index === Number(index)
    ? { kind: 'loaded', value: entry }
    : { kind: 'missing', detail: `The log has no entry ${index} yet.` }
}

async function backgroundOf(read: Read, number: number): Promise<Background> {
  const answer = await read<RunView>(`/v1/runs/${number}`)
  if (answer.kind !== 'loaded') return { approval: answer, changes: [answer], proofs: [answer] }
  const run = answer.value
  const [approval, histories, proofs] = await Promise.all([
    read<ApprovalSummary>(`/v1/approvals/${encodeURIComponent(run.digest)}`),
    Promise.all(run.policies.map(({ id }) => read<PolicyHistoryEntry[]>(`/v1/policies/${encodeURIComponent(id)}/history?limit=50`))),
    Promise.all(run.policies.map(({ id, version }) => read<AuditProof>(`/v1/audit/proofs?${queryOf({ policy: id, version })}`))),
  ])
  const changes = histories.map((history) => mapAnswer(history, (entries) => entries.filter((entry) => isChangeOf(entry, number))))
  return { approval, changes, proofs }
}

/** Whether a run brought this change: a rollback that reinstates the release names its run too. */
export function isChangeOf({ run, cause }: PolicyHistoryEntry, number: number): boolean {
  return run === number && cause !== 'rollback'
}

/** Shows the reason of each read that failed, and nothing for the other reads. */
function Unread({ answers, what }: { answers: readonly Answer<unknown>[]; what: string }): JSX.Element {
  return (
    <>
      {answers.filter(isUnread).map((answer) => (
        <Absent answer={answer} what={what} />
      ))}
    </>
  )
}

function Changes({ answers }: { answers: Background['changes'] }): JSX.Element {
  const changes = answers.flatMap((answer) => valueOf(answer) ?? [])
  if (changes.length === 0 && !answers.some(isUnread))
    return <None>Nothing came into force by this run, or not within the newest fifty changes of its policies.</None>
  return (
    <>
      <Unread answers={answers} what="changes of this run" />
      {changes.map((change) => (
        <div key={change.digest ?? change.from}>
          <p>
            {change.version ?? 'withdrawn'}, in force from <Moment at={change.from} />
          </p>
          <Differences entry={change} />
        </div>
      ))}
    </>
  )
}

/** Returns the acts of people in this event itself, without those of its run. */
function Acts({ acts }: { acts: readonly AuditAct[] }): JSX.Element {
  return (
    <>
      {acts.map(({ by, decision, reason, publicReason, statements }) => (
        <Facts
          key={decision}
          facts={[
            [statements.length === 0 ? 'Done by' : 'Signed by', by.join(', ') || 'nobody'],
            ['Decision', decision],
            ['Reason', reason === null ? 'none was given' : `“${reason}”`],
            publicReason === undefined ? null : ['Reason for partners', `“${publicReason}”`],
            ...statements.map(({ envelope }) => ['Statement, as it was signed', <Digest digest={digestOfPayload(envelope)} />] as const),
          ]}
        />
      ))}
    </>
  )
}

export function signersOf({ digest, state, signedBy, missing, authors, reasons, policies, expiresAt }: ApprovalSummary): JSX.Element {
  return (
    <Facts
      facts={[
        ['Signed by', signedBy.join(', ') || 'no one yet'],
        ['Written by', authors.join(', ') || 'not stated'],
        state !== 'AWAITING_APPROVAL' ? null : ['Still missing', [`${missing.join(', ')}, until `, <Moment at={expiresAt} />]],
        ...reasons.map(({ name, reason }) => [`${name} says`, `“${reason}”`] as const),
        ['What was signed', <Digest digest={digest} />],
        ['Policies', <PolicyLinks policies={policies} />],
      ]}
    />
  )
}

type Logs = readonly LogKeys[] | undefined

function Proof({ entry, answers, logs }: { entry: AuditEntry; answers: Background['proofs']; logs: Logs }): JSX.Element {
  const proofs = answers.flatMap((answer) => valueOf(answer) ?? [])
  return (
    <>
      <Unread answers={answers} what="proofs of this run" />
      {proofs.length === 0 && !answers.some(isUnread) ? (
        <None>
          Proofs by one click are of approvals: the entry of an approval names its releases. Any other entry is proven with the log as a
          whole.
        </None>
      ) : (
        proofs.map((proof) => <ReleaseProof key={proof.digest} proof={proof} logs={logs} />)
      )}
      <p>
        The whole log, from outside: <Command>hms-svc audit verify</Command>. This entry as JSON:{' '}
        <a href={`/v1/audit/entries?limit=1${entry.index === 0 ? '' : `&after=${entry.index - 1}`}`}>entry {entry.index}</a>
      </p>
      <Commands commands={proofs.map(({ policy, version }) => `hms-svc audit proof ${policy}@${version}`)} />
    </>
  )
}

/** Proof of one release. The script fetches the proof itself, because texts on a page are cleaned and a proof must keep its bytes. */
function ReleaseProof({ proof: { policy, version, digest }, logs }: { proof: AuditProof; logs: Logs }): JSX.Element {
  const path = `/v1/audit/proofs?${queryOf({ policy, version })}`
  return (
    <div data-proof={path} data-release={JSON.stringify({ id: policy, version, digest })} data-logs={JSON.stringify(logs ?? [])}>
      <h3>
        The approval of <PolicyLink id={policy} version={version} />
      </h3>
      <p>
        Release <Digest digest={digest} />. <a href={path}>The proof as JSON</a>
      </p>
      <p>
        <button type="button" class="usa-button" data-check hidden>
          Check in this browser
        </button>
      </p>
      <p role="status" data-checked>
        Checking in this browser takes JavaScript; the command below checks it anywhere.
      </p>
    </div>
  )
}
