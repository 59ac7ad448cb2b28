import type { FreezeRecord } from '#libs/contracts'
import { digestOfPayload, writeLift } from '#libs/signing'
import { ChoiceForm, LongTextField } from '../forms/fields.js'
import { absentPage, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { Command } from '../layout/parts.js'
import { readPeople } from '../signing/people.js'
import { statementPage } from '../signing/statement-page.js'
import { queryOf, textIn } from '../forms/query.js'

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
