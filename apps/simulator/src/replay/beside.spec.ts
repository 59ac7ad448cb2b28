import { describe, expect, it } from 'vitest'
import { replay, type ReplayTask } from './replay.js'
import { encodeReport } from './report.js'
import { mergedReport, sharesOf } from './shares.js'
import { limitOf, readingOf, tightening } from '../testing/virginia.fixture.js'

const OZONE = 'ozone-limit'
const ozone = (limit: number, version = '1.0.0') => ({ [OZONE]: { id: OZONE, version, limit } })
const READINGS = [readingOf('a', 10), readingOf('c', 30), readingOf('e', 40)]
const SUM = `getPolicy('epa-pm25-limit').limit + getPolicy('${OZONE}').limit - 60`
const bot = (declares: string[], above = SUM): string => `export const policies = ${JSON.stringify(declares)}
export default (reading, getPolicy) => reading.pm25 > ${above} ? { alert: 'V' } : null
`
const BOTH = bot(['epa-pm25-limit', OZONE])
const task = (source: string, beside?: ReplayTask['beside']): ReplayTask => {
  return { bots: [{ id: 'x', source }], scenarios: [tightening(READINGS)], ...(beside === undefined ? {} : { beside }) }
}
const outcome = async (...given: Parameters<typeof task>) => (await replay(task(...given))).bots[0]!

describe('policies in force that the change does not touch', () => {
  it('are available to bots that declare them, before and after the change', async () => {
    expect(await outcome(BOTH, ozone(60))).toMatchObject({ class: 'ADAPTED' })
    expect(await outcome(BOTH, ozone(70))).toMatchObject({ class: 'STALE' })
  })

  it('are named in the error when none is in force, or when the bot does not declare them', async () => {
    const message = (end: string) => ({ class: 'CRASHED', message: `Error: getPolicy: no policy ${OZONE} is in force${end}` })
    expect(await outcome(BOTH)).toMatchObject(message(''))
    expect(await outcome(bot(['epa-pm25-limit']), ozone(60))).toMatchObject(message(' that this bot declares'))
  })

  it('are available to every bot if the scenario names them', async () => {
    const sides = { before: { ...limitOf(35), ...ozone(60) }, after: { ...limitOf(25), ...ozone(60) } }
    const { bots } = await replay({ bots: [{ id: 'x', source: bot(['epa-pm25-limit']) }], scenarios: [tightening(READINGS, sides)] })
    expect(bots).toMatchObject([{ class: 'ADAPTED' }])
  })

  it('do not make a bot applicable that uses only them', async () => {
    expect(await outcome(bot([OZONE], `getPolicy('${OZONE}').limit`), ozone(60))).toMatchObject({ class: 'NOT_APPLICABLE' })
    expect(await outcome(bot([OZONE], `getPolicy('${OZONE}').limit - 35`), ozone(60))).toMatchObject({ class: 'NOT_APPLICABLE' })
  })

  it('never replace the policies of the run', async () => {
    expect(await outcome(BOTH, { ...ozone(60), ...limitOf(5) })).toMatchObject({ class: 'ADAPTED' })
  })
})

describe('the report of a replay', () => {
  it('lists the versions of unchanged policies, and has equal bytes for equal policies', async () => {
    const report = await replay(task(BOTH, { ...ozone(60), 'co-limit': { id: 'co-limit', version: '3.0.0' } }))
    expect(report.beside).toMatchObject([
      { policy: 'co-limit', version: '3.0.0' },
      { policy: OZONE, version: '1.0.0', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
    ])
    const again = { 'co-limit': { version: '3.0.0', id: 'co-limit' }, [OZONE]: { limit: 60, version: '1.0.0', id: OZONE } }
    expect(encodeReport(await replay(task(BOTH, again)))).toBe(encodeReport(report))
    expect(encodeReport(await replay(task(BOTH, { ...again, ...ozone(60, '1.0.1') })))).not.toBe(encodeReport(report))
  })

  it('is the same for any number of shares', async () => {
    const given = { ...task(BOTH, ozone(60)), bots: ['x', 'y', 'z'].map((id) => ({ id, source: `${BOTH}// ${id}` })) }
    const [first, ...rest] = await Promise.all(sharesOf(given, 3).map((share) => replay(share)))
    expect(encodeReport(mergedReport([first!, ...rest]))).toBe(encodeReport(await replay(given)))
    expect(first!.bots).toMatchObject([{ class: 'ADAPTED' }])
  })
})
