import { STOP_THE_LINE, type FreezeView } from '#libs/contracts'
import type { JSX } from 'preact'
import { ChoiceForm, LongTextField, TextField } from '../forms/fields.js'
import { LoadedPart, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { valueOf } from '../reading/answer.js'
import { count, Moment, Part, Table, Terminal } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'

const WORDS = {
  ACTIVE: { text: 'Holds now', tone: 'warn' },
  COMING: { text: 'Coming', tone: 'busy' },
  OVER: { text: 'Over', tone: 'idle' },
  LIFTED: { text: 'Ended by a person', tone: 'idle' },
} as const

/** Page of all freezes, with the form that begins one and the links that end one. `?of=ID`: has the state of that freeze, for its end. */
export async function freezesPage({ read, query }: PageRequest): Promise<PageContent> {
  const answer = await read<FreezeView[]>('/v1/freezes')
  const followed = valueOf(answer)?.find(({ id }) => id === query.get('of'))
  const active = answer.kind === 'loaded' ? answer.value.filter(({ state }) => state === 'ACTIVE').length : 0
  return {
    title: 'Freezes',
    section: 'Freezes',
    state: followed === undefined || followed.lifted === null ? followed?.declaredAt : 'LIFTED',
    summary:
      answer.kind === 'loaded' ? `${count(active, 'freeze')} ${active === 1 ? 'holds' : 'hold'} now.` : 'Freezes cannot be shown now.',
    body: (
      <>
        <p>A freeze blocks new rules in its scope. Rollbacks continue, and approvals are still signed.</p>
        <LoadedPart id="freezes" title="Freezes, the newest first" answer={answer} what="freezes" children={freezesTable} />
        <div class="columns">
          <Part still id="add" title="Begin a freeze">
            <AddForm />
          </Part>
          <Part still id="stop" title="Stop the line">
            <ChoiceForm action="/freezes/declare">
              <input type="hidden" name="id" value={STOP_THE_LINE} />
              <input type="hidden" name="scope" value="global" />
              <LongTextField name="reason" id="stop-reason" label="Why everything stops" required />
            </ChoiceForm>
          </Part>
        </div>
        <Terminal
          commands={[
            'hms-svc freezes add FILE --sign NAME',
            'hms-svc freezes lift ID --reason TEXT --sign NAME',
            'hms-svc stop-the-line on --reason TEXT --sign NAME',
          ]}
        />
      </>
    ),
  }
}

function freezesTable(freezes: readonly FreezeView[]): JSX.Element {
  if (freezes.length === 0) return <None>There are no freezes.</None>
  return (
    <Table
      caption="Freezes"
      head={['Freeze', 'State', 'Where', 'When', 'Why', 'By', 'End it']}
      rows={freezes.map((freeze) => [
        freeze.id,
        <Tag {...WORDS[freeze.state]} />,
        freeze.scope === 'global' ? 'everywhere' : freeze.scope,
        <When freeze={freeze} />,
        freeze.reason,
        freeze.by,
        freeze.state === 'ACTIVE' || freeze.state === 'COMING' ? (
          <a href={`/freezes/${encodeURIComponent(freeze.id)}/lift`}>End {freeze.id}</a>
        ) : freeze.lifted === null ? (
          'over'
        ) : (
          `ended by ${freeze.lifted.by}: “${freeze.lifted.reason}”`
        ),
      ])}
    />
  )
}

function When({ freeze: { recurrence, from, until, declaredAt } }: { freeze: FreezeView }): JSX.Element {
  if (recurrence !== undefined) return <>{`${recurrence.cron} for ${recurrence.for} (${recurrence.zone})`}</>
  return (
    <>
      <Moment at={from ?? declaredAt} /> to {until === undefined ? 'a person ends it' : <Moment at={until} />}
    </>
  )
}

function AddForm(): JSX.Element {
  return (
    <ChoiceForm action="/freezes/declare">
      <TextField name="id" label="Name" hint="Lower-case words joined by hyphens, such as election-week." required maxLength={100} />
      <TextField name="scope" label="Where" hint="global, or a region such as region:NCR." value="global" required maxLength={80} />
      <TextField name="from" label="From" hint="Such as 2026-11-02T00:00:00Z; at once when left empty." maxLength={40} />
      <TextField name="until" label="Until" hint="Empty: until a person ends it." maxLength={40} />
      <LongTextField name="reason" label="Reason" required />
    </ChoiceForm>
  )
}
