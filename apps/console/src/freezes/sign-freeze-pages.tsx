import { defined, sentence, STOP_THE_LINE, type Freeze, type FreezeRecord } from '#libs/contracts'
import { freezeFieldError, isTimestamp } from '#libs/policy'
import { digestOfPayload, writeFreeze, writeLift } from '#libs/signing'
import { ChoiceForm, LongTextField } from '../forms/fields.js'
import { absentPage, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, momentText } from '../layout/parts.js'
import { readPeople } from '../signing/people.js'
import { statementPage, wrongChoice } from '../signing/statement-page.js'
import { queryOf, textIn } from '../forms/query.js'

const PLACE = placeIn('Freezes', 'Begin a freeze')

/** Page that begins the freeze of its query: the statement to sign. */
export async function declarePage(request: PageRequest): Promise<PageContent> {
  const freeze = freezeIn(request.query, request.now)
  if (typeof freeze === 'string') return wrongChoice({ ...PLACE, detail: freeze, back: '/freezes' })
  const people = await readPeople(request.read)
  if (people.kind !== 'loaded') return absentPage({ ...PLACE, summary: 'No freeze can be signed now.' }, people, 'people of the roster')
  const where = freeze.scope === 'global' ? 'anywhere' : `in ${freeze.scope}`
  const begin = freeze.from === undefined ? 'from now' : `from ${momentText(freeze.from)}`
  const end = freeze.until === undefined ? 'until a person ends it' : `until ${momentText(freeze.until)}`
  const isStop = freeze.id === STOP_THE_LINE
  return statementPage(request, {
    ...PLACE,
    title: isStop ? 'Stop the line' : `Begin the freeze ${freeze.id}`,
    summary: `No new rule is published ${where}, ${begin} ${end}. Reason: “${freeze.reason}”`,
    statement: writeFreeze(freeze, { at: request.now, installation: people.value.installation }),
    people,
    act: { path: '/v1/freezes', done: '/freezes' },
    verb: 'Sign the freeze',
    command: isStop ? 'hms-svc stop-the-line on --reason TEXT --sign NAME' : 'hms-svc freezes add FILE --sign NAME',
  })
}

/** Reads the freeze from the address, or returns why no service would accept it once it is signed. */
function freezeIn(query: URLSearchParams, now: Date): Freeze | string {
  const text = (name: string): string => textIn(query, name, 1_000)
  const times = { from: text('from') || undefined, until: text('until') || undefined }
  const odd = Object.entries(times).find(([, value]) => value !== undefined && !isTimestamp(value))
  if (odd !== undefined) return `${odd[0]} must be a time such as 2026-11-02T00:00:00Z.`
  const freeze: Freeze = { id: text('id'), reason: text('reason'), scope: text('scope'), ...defined(times) }
  const isOver = freeze.until !== undefined && Date.parse(freeze.until) <= now.getTime()
  const wrong = freezeFieldError(freeze) ?? (isOver ? `until must be later than now, ${momentText(now.toISOString())}` : undefined)
  return wrong === undefined ? freeze : `${sentence(wrong)}.`
}

/** Page that ends a freeze: first the form for the reason, then the statement to sign. */
export async function liftPage(request: PageRequest): Promise<PageContent> {
  const { read, params, query, now } = request
  const id = (params['id'] ?? '').slice(0, 100)
  const path = `/v1/freezes/${encodeURIComponent(id)}`
  const place = placeIn('Freezes', `End the freeze ${id}`)
  const answer = await read<FreezeRecord>(path)
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'The freeze cannot be shown.' }, answer, 'freeze')
  const { lifted, statement, reason: why } = answer.value
  const reason = textIn(query, 'reason', 1_000)
  const command = `hms-svc freezes lift ${id} --reason TEXT --sign NAME`
  if (lifted !== null) {
    const summary = `${lifted.by} ended it already: “${lifted.reason}”`
    return { ...place, summary, body: <None>There is nothing to end.</None> }
  }
  if (reason !== '') {
    const people = await readPeople(read)
    if (people.kind !== 'loaded') return absentPage({ ...place, summary: 'It cannot be ended now.' }, people, 'people of the roster')
    const signedFor = { at: now, installation: people.value.installation }
    return statementPage(request, {
      ...place,
      state: answer.value.declaredAt,
      beside: `/freezes?${queryOf({ of: id })}`,
      summary: `Runs that wait only for ${id} resume automatically. Reason: “${reason}”`,
      statement: writeLift({ id, declared: digestOfPayload(statement), reason }, signedFor),
      people,
      act: { path: `${path}/lift`, done: '/freezes' },
      verb: 'Sign the end',
      command,
    })
  }
  return {
    ...place,
    summary: `It holds because: “${why}”`,
    still: true,
    body: (
      <>
        <ChoiceForm action={`/freezes/${encodeURIComponent(id)}/lift`}>
          <LongTextField name="reason" label="Why it ends" required />
        </ChoiceForm>
        <p>
          The same from a terminal: <Command>{command}</Command>
        </p>
      </>
    ),
  }
}
