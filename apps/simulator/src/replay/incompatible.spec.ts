import { describe, expect, it } from 'vitest'
import { inspectBot } from './inspect-bot.js'
import { replay } from './replay.js'
import type { ScenarioSource } from './scenario-inputs.js'
import { readingOf, tightening } from '../testing/virginia.fixture.js'

const readings = [readingOf('a', 10), readingOf('c', 30), readingOf('e', 40)]
const ADAPTS =
  "export const policies = ['epa-pm25-limit']\n" +
  "export default (reading, getPolicy) => reading.pm25 > getPolicy('epa-pm25-limit').limit ? { alert: 'V' } : null\n"
const NEEDS_UNITS = ADAPTS.replace("getPolicy('epa-pm25-limit').limit", "getPolicy('epa-pm25-limit').units.length * 0 + 25")

async function outcome(source: string, changes: Partial<ScenarioSource> = {}) {
  const { bots, impact } = await replay({ bots: [{ id: 'x', source }], scenarios: [tightening(readings, changes)] })
  return { ...bots[0]!, load: impact.bots[0] }
}

describe('a bot that cannot read the new document', () => {
  it('is INCOMPATIBLE by the major versions it declares, and is not run', async () => {
    expect(await outcome(`${ADAPTS}export const majors = { 'epa-pm25-limit': [1] }`)).toMatchObject({
      class: 'INCOMPATIBLE',
      message: 'it reads epa-pm25-limit of major 1, not 2.0.0',
      load: undefined,
    })
    expect(await outcome(`${ADAPTS}export const majors = { 'epa-pm25-limit': [1, 2] }`)).toMatchObject({ class: 'ADAPTED' })
    expect(await outcome(`${ADAPTS}export const majors = { 'ozone-limit': [1] }`)).toMatchObject({ class: 'ADAPTED' })
  })

  it('is INCOMPATIBLE if it ran under the old document and fails under a new one that lacks a field', async () => {
    const after = { 'epa-pm25-limit': { id: 'epa-pm25-limit', version: '2.0.0', limit: 25 } }
    const narrowed = ['epa-pm25-limit.units']
    expect(await outcome(NEEDS_UNITS, { after, narrowed })).toMatchObject({
      class: 'INCOMPATIBLE',
      message: expect.stringMatching(/^TypeError: .* \(gone or of another type: epa-pm25-limit\.units\)$/) as string,
      counterexample: { reading: 'a', got: 'nothing' },
    })
  })

  it('is CRASHED if the new document lacks no field, or if it failed under the old one too', async () => {
    const after = { 'epa-pm25-limit': { id: 'epa-pm25-limit', version: '2.0.0', limit: 25 } }
    expect(await outcome(NEEDS_UNITS, { after })).toMatchObject({ class: 'CRASHED' })
    const throws = ADAPTS.replace('reading.pm25 >', 'reading.gone.x >')
    expect(await outcome(throws, { narrowed: ['epa-pm25-limit.units'] })).toMatchObject({ class: 'CRASHED' })
  })
})

describe('the majors that a bot declares', () => {
  it.each(['1', '[1]', "{ 'epa-pm25-limit': 1 }", "{ 'epa-pm25-limit': [] }", "{ 'epa-pm25-limit': ['1'] }", 'null'])(
    'must be lists of integers, not %s',
    async (majors) => {
      expect(await inspectBot(`${ADAPTS}export const majors = ${majors}`)).toMatchObject({
        error: { code: 'HMS_BOT_INVALID', message: expect.stringContaining('majors are no lists of major versions') as string },
      })
    },
  )

  it('may have a key that every object inherits', async () => {
    expect(await outcome(`${ADAPTS}export const majors = { toString: [1] }`)).toMatchObject({ class: 'ADAPTED' })
  })
})
