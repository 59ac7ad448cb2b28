import { describeMatch, type Roster } from '#libs/signing'
import type { JSX } from 'preact'
import { Loaded } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Moment, Part, Table, Terminal } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import { readPeople } from '../signing/people.js'

/** Page of the newest roster: people, their keys, and what each may sign. */
export async function rosterPage({ read, now }: PageRequest): Promise<PageContent> {
  const answer = await readPeople(read)
  return {
    title: 'Roster',
    section: 'Roster',
    summary:
      answer.kind === 'loaded'
        ? `${count(answer.value.roster.people.length, 'person', 'people')} may sign, by roster ${answer.value.roster.version}.`
        : 'Who may sign cannot be shown now.',
    body: (
      <>
        <Loaded answer={answer} what="roles and people">
          {({ roster }) => (
            <>
              <Part id="roles" title="Who may sign what">
                <Roles roster={roster} />
              </Part>
              <Part id="people" title="People and their keys">
                <People roster={roster} now={now} />
              </Part>
              <p>
                Roster {roster.version} ({roster.profile}) is valid until <Moment at={roster.expires} exact />. What a signature is worth is
                judged by each service, and by each bot, from the signed roster; this page shows the one that approver holds.
              </p>
            </>
          )}
        </Loaded>
        <Terminal commands={['hms-svc roster show', 'hms-svc roster propose FILE', 'hms-svc roster sign --sign NAME']} />
      </>
    ),
  }
}

function Roles({ roster }: { roster: Roster }): JSX.Element {
  const roles = roster.roles.filter(({ match }) => match.service === undefined)
  return (
    <Table
      caption="Roles"
      head={['Role', 'For', 'Signatures', 'People']}
      rows={roles.map(({ name, match, threshold, principals }) => [
        name,
        describeMatch(match),
        `${threshold} of ${principals.length}`,
        principals.map((id) => roster.nameOf(id)).join(', '),
      ])}
    />
  )
}

function People({ roster, now }: { roster: Roster; now: Date }): JSX.Element {
  return (
    <Table
      caption="People"
      head={['Name', 'Roles', 'Keys']}
      rows={roster.people.map(({ id, name, keys }) => [
        <a href={`/audit?by=${encodeURIComponent(name)}`}>{name}</a>,
        roster.rolesOf(id).join(', ') || 'none',
        keys.map(({ keyid }) => (
          <p key={keyid}>
            <code>{keyid.slice(0, 16)}…</code> <KeyState roster={roster} keyid={keyid} now={now} />
          </p>
        )),
      ])}
    />
  )
}

/** Whether a key may sign now, and since when it may not. */
function KeyState({ roster, keyid, now }: { roster: Roster; keyid: string; now: Date }): JSX.Element {
  const since = roster.revokedSince(keyid)
  if (since !== undefined)
    return (
      <>
        <Tag tone="bad" text="Revoked" /> since <Moment at={since} />
      </>
    )
  return roster.isLive(keyid, now.toISOString()) ? <Tag tone="good" text="May sign" /> : <Tag tone="idle" text="Not valid now" />
}
