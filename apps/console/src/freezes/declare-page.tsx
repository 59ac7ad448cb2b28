import { STOP_THE_LINE, type Freeze } from '#libs/contracts'
import { writeFreeze } from '#libs/signing'
import { absentPage } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { readPeople } from '../signing/people.js'
import { statementPage, wrongChoice } from '../signing/statement-page.js'
import { textIn } from '../forms/query.js'

const PLACE = placeIn('Freezes', 'Begin a freeze')

export async function declarePage(request: PageRequest): Promise<PageContent> {
  const freeze = freezeIn(request.query)
  if (typeof freeze === 'string') return wrongChoice({ ...PLACE, detail: freeze, back: '/freezes' })
  const people = await readPeople(request.read)
  if (people.kind !== 'loaded') return absentPage({ ...PLACE, summary: 'No freeze can be signed now.' }, people, 'people of the roster')
  const where = freeze.scope === 'global' ? 'everywhere' : `in ${freeze.scope}`
  const begin = freeze.from === undefined ? 'from now' : `from ${freeze.from}`
  const end = freeze.until === undefined ? 'until a person ends it' : `until ${freeze.until}`
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

/** Reads the freeze from the address, or returns why it cannot be written as a statement. The service judges everything else. */
function freezeIn(query: URLSearchParams): Freeze | string {
  const text = (name: string): string => textIn(query, name, 1_000)
  const [id, reason, scope] = ['id', 'reason', 'scope'].map(text) as [string, string, string]
  if (id === '' || reason === '' || scope === '') return 'A freeze needs a name, a place and a reason.'
  const times = ['from', 'until'].map((name) => [name, text(name)] as const).filter(([, value]) => value !== '')
  const wrong = times.find(
    ([, value]) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) || Number.isNaN(Date.parse(value)),
  )
  if (wrong !== undefined) return `${wrong[0]} must be a time such as 2026-11-02T00:00:00Z.`
  return { id, reason, scope, ...Object.fromEntries(times) }
}
