import type { JsonObject, PastPolicyView, PolicyHistoryEntry, PolicyView, RollbackPreview } from '#libs/contracts'
import { changeCells, describeMagnitude, diffPolicies, type PolicyDocument, type VerifiedLive } from '#libs/policy'
import type { JSX } from 'preact'
import { FleetPart, readFleet } from '../bots/fleet-picture.js'
import { ChoiceForm, RadioField, ReasonFields, Submit } from '../forms/fields.js'
import { Absent, Alert, Loaded, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Moment, Part, Table } from '../layout/parts.js'
import { valueOf, type Answer } from '../reading/answer.js'
import { readPeople, type People } from '../signing/people.js'
import { SigningBlock } from '../signing/signing-block.js'
import { textIn } from '../forms/query.js'

/** Page that takes a policy back: choose a version, see what changes, sign, watch a stopwatch. All choices are in the address. */
export async function rollbackPage({ read, verified, params, query }: PageRequest): Promise<PageContent> {
  const id = params['id'] ?? ''
  const shownId = id.slice(0, 100)
  const path = `/v1/policies/${encodeURIComponent(id)}`
  const [policy, history, people] = await Promise.all([
    read<PolicyView>(path),
    read<PolicyHistoryEntry[]>(`${path}/history?limit=50`),
    readPeople(read),
  ])
  const live = valueOf(policy)
  const to = (query.get('to') ?? '').slice(0, 200)
  const reason = textIn(query, 'reason', 1_000)
  const publicReason = textIn(query, 'public-reason', 1_000)
  const version = encodeURIComponent(to)
  const target = to === '' ? undefined : await read<PastPolicyView>(`${path}?version=${version}`)
  const only = query.get('only') === 'yes'
  const previewPath = `/v1/rollbacks/preview?policy=${encodeURIComponent(id)}&version=${version}${only ? '&only=true' : ''}`
  const preview = to === '' ? undefined : await read<RollbackPreview>(previewPath)
  const fleet = target === undefined ? undefined : await readFleet(read, id)
  const inForce = target === undefined ? undefined : (await verified([id])).get(id)
  const missing = policy.kind === 'missing' && history.kind === 'missing'
  const from = live === undefined ? 'nothing' : live.version
  return {
    ...(missing ? { status: 404 as const } : {}),
    ...placeIn('Policies', `Take back ${shownId}`, { href: `/policies/${encodeURIComponent(id)}`, text: shownId }),
    summary: to === '' ? `In force: ${from}. Choose the version to bring back.` : `${from} → ${to}, for all bots.`,
    still: true,
    script: 'sign',
    ...(live === undefined ? {} : { state: live.version, beside: `/policies/${encodeURIComponent(id)}` }),
    body:
      target === undefined ? (
        <Loaded answer={history} what="versions of this policy">
          {(entries) => <Choose id={id} entries={entries} live={live?.version} />}
        </Loaded>
      ) : (
        <Loaded answer={target} what="version">
          {(past) => (
            <div class="columns">
              <div>
                <Moves preview={preview!} id={id} only={only} chosen={{ to, reason, 'public-reason': publicReason }} />
                <Changes from={inForce} to={past.value} version={to} />
                <p>{reason === '' ? 'No reason is given.' : `Reason: “${reason}”`}</p>
                <p>{publicReason === '' ? 'Partners get no reason.' : `Partners receive: “${publicReason}”`}</p>
                <Loaded answer={people} what="people of the roster">
                  {(known) => {
                    const chosen = { id, version: to, reason, publicReason, only }
                    return <RollBack {...chosen} isPreapproved={preview!.kind !== 'missing'} people={known} />
                  }}
                </Loaded>
              </div>
              {fleet === undefined ? null : (
                <div data-follow={`/fleet?policy=${encodeURIComponent(id)}`}>
                  <FleetPart answer={fleet} />
                </div>
              )}
            </div>
          )}
        </Loaded>
      ),
  }
}

function Choose({ id, entries, live }: { id: string; entries: readonly PolicyHistoryEntry[]; live: string | undefined }): JSX.Element {
  const versions = [
    ...new Map(entries.flatMap((entry) => (entry.version === null || entry.version === live ? [] : [[entry.version, entry]]))).values(),
  ]
  if (versions.length === 0) return <None>No other version was ever in force, so there is nothing to bring back.</None>
  const choices = versions.map(({ version, from, approvedBy }) => {
    const hint = ['in force from ', <Moment at={from} />, `, signed by ${approvedBy.join(', ') || 'no one named'}`]
    return { value: version!, text: version!, hint }
  })
  return (
    <ChoiceForm action={`/policies/${encodeURIComponent(id)}/rollback`} verb="Show what would change">
      <RadioField name="to" legend="Bring back" choices={choices} chosen={choices[0]!.value} />
      <ReasonFields />
    </ChoiceForm>
  )
}

/** Props of the list of policies that go back together, with the link that takes one back alone. */
interface MovesProps {
  preview: Answer<RollbackPreview>
  id: string
  /** Whether this policy is rolled back alone. */
  only: boolean
  /** Query parameters of the choices so far. */
  chosen: Record<string, string>
}

function Moves({ preview, id, only, chosen }: MovesProps): JSX.Element | null {
  const address = (alone: boolean): string =>
    `/policies/${encodeURIComponent(id)}/rollback?${new URLSearchParams({ ...chosen, ...(alone ? { only: 'yes' } : {}) })}`
  if (preview.kind === 'missing') return <Alert kind="warning" title={`${preview.detail} Prepare it for signatures below.`} />
  if (only)
    return (
      <p>
        {id} alone is rolled back, whatever it went live with. <a href={address(false)}>Roll back all that went live together</a>
      </p>
    )
  if (preview.kind !== 'loaded')
    return (
      <>
        <Alert kind="error" title="What is rolled back with it is not known">
          <p>
            Other policies may have gone live together with it. <a href={address(true)}>Take back {id} alone</a>
          </p>
        </Alert>
        <Absent answer={preview} what="policies that are rolled back" />
      </>
    )
  const { moved } = preview.value
  if (moved.length < 2) return null
  return (
    <Alert kind="warning" title={`${moved.length} policies go back together`}>
      <ul>
        {moved.map((move) => (
          <li key={move.id}>
            {move.id} {move.from ?? 'nothing'} → {move.version}
          </li>
        ))}
      </ul>
      <p>
        They went live together. <a href={address(true)}>Take back {id} alone</a>
      </p>
    </Alert>
  )
}

function Changes({ from, to, version }: { from: VerifiedLive | undefined; to: JsonObject; version: string }): JSX.Element {
  const isVerified = from?.kind === 'verified'
  const changes = isVerified ? diffPolicies(from.release?.policy, to as PolicyDocument) : []
  return (
    <Part still id="changes" title="What changes">
      {!isVerified ? (
        <Alert kind="error" title="Look twice">
          <p>DIFFERENCE NOT VERIFIED: {from?.why ?? 'nothing was read'}. The version to reinstate was compared with nothing.</p>
        </Alert>
      ) : changes.length === 0 ? (
        <None>No value changes.</None>
      ) : (
        <Table
          caption="What changes"
          head={['Field', `Now (${from.release?.policy.version ?? 'nothing'})`, `Then (${version}, not verified here)`]}
          rows={changes.map(changeCells)}
        />
      )}
      {changes.flatMap(describeMagnitude).map((text) => (
        <Alert key={text} kind="error" title="Look twice">
          <p>{text}</p>
        </Alert>
      ))}
    </Part>
  )
}

type RollBackProps = Record<'id' | 'version' | 'reason' | 'publicReason', string> & {
  only: boolean
  isPreapproved: boolean
  people: People
}

/** Form that signs the rollback, where one signature is enough for it, and the form that prepares it for several. */
function RollBack({ id, version, reason, publicReason, only, isPreapproved, people }: RollBackProps): JSX.Element {
  return (
    <>
      {isPreapproved ? (
        <>
          <p class="stopwatch" data-stopwatch hidden>
            0.0 s
          </p>
          <SigningBlock
            verb="Take it back now"
            command={`hms-svc rollback ${id}@${version} ${only ? '--only ' : ''}--reason TEXT --sign NAME`}
            payloads={[]}
            act={{
              kind: 'rollback',
              path: '/v1/rollbacks',
              body: { policy: id, version, reason: reason || undefined, publicReason: publicReason || undefined, only: only || undefined },
              people: people.names,
              mayNot: {},
              audience: people.installation,
            }}
          />
        </>
      ) : null}
      <Part still id="all" title="If one signature is not enough">
        <p>
          A version that the release in force does not name as fallback needs as many signatures as approving it would take. Such a rollback
          is prepared first, and then signed like any approval. It rolls back {id} alone; no other policy changes.
        </p>
        <form method="post" action="/approvals">
          <input type="hidden" name="rollback-policy" value={id} />
          <input type="hidden" name="rollback-version" value={version} />
          <input type="hidden" name="reason" value={reason} />
          <input type="hidden" name="public-reason" value={publicReason} />
          <Submit outline>Prepare it for signatures</Submit>
        </form>
      </Part>
    </>
  )
}
