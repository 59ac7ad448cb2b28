import { defined, sentence, STOP_THE_LINE, type Freeze } from '#libs/contracts'
import { freezeFieldError, isTimestamp } from '#libs/policy'
import { writeFreeze } from '#libs/signing'
import { absentPage } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { momentText } from '../layout/parts.js'
import { readPeople } from '../signing/people.js'
import { statementPage, wrongChoice } from '../signing/statement-page.js'
import { textIn } from '../forms/query.js'

const PLACE = placeIn('Freezes', 'Begin a freeze')

export async function declarePage(request: PageRequest): Promise<PageContent> {
  const freeze = freezeIn(request.query, request.now)
  if (typeof freeze === 'string') return wrongChoice({ ...PLACE, detail: freeze, back: '/freezes' })
  const people = await readPeople(request.read)
  if (people.kind !== 'loaded') return absentPage({ ...PLACE, summary: 'No freeze can be signed now.' }, people, 'people of the roster')
  const where = freeze.scope === 'global' ? 'everywhere' : `in ${freeze.scope}`
  const begin = freeze.from === undefined ? 'from now' : `from ${momentText(freeze.from)}`
  const end = freeze.until === undefined ? 'until a person ends it' : `until ${momentText(freeze.until)}`
  const isStop = freeze.id === STOP_THE_LINE
  return statementPage(request, {
    ...PLACE,
    title: isStop ? 'Stop the line' : `Begin the freeze ${freeze.id}`,
    summary: `Nothing goes forward ${where}, ${begin} ${end}. Reason: “${freeze.reason}”`,
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
