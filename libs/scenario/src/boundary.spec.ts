import { describe, expect, it } from 'vitest'
import type { JsonObject } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { boundaryReadings } from './boundary.js'
import type { Policies } from './expression.js'
import { narrowedFields, touchedFields } from './touched.js'

const ID = 'air-limits'
const under = (rule: JsonObject): Policies => ({
  [ID]: { id: ID, version: '1.0.0', effective: '2024-09-01T00:00:00Z', ...rule } as PolicyDocument,
})
const scenario = (alert: string) => ({ id: 'air', policies: [ID], corpus: 'c', alert })

function inputs(alert: string, before: JsonObject, after: JsonObject, ...templates: JsonObject[]) {
  const versions = [under(before), under(after)]
  const touched = touchedFields(versions[0]!, versions[1]!, [ID])
  const made = boundaryReadings(scenario(alert), versions, templates, touched)
  return { ids: made.readings.map(({ id }) => String(id).replace('boundary:air:', '')), ofTouched: made.ofTouched, readings: made.readings }
}

const READING = { id: 'r', region: 'NCR', pm25: 3, o3: 0.05, kind: 'dust' }

describe('boundary inputs of fields that the change touches', () => {
  it('cover a field that no scenario compares, in the facts that the expression reads', () => {
    const alert = 'reading.pm25 > policy["air-limits"].limit'
    const { ids, ofTouched } = inputs(alert, { limit: 25 }, { limit: 25, ceiling: 80 }, READING)
    expect(ids).toEqual(['pm25=24.9', 'pm25=25', 'pm25=25.1', 'pm25=79.9', 'pm25=80', 'pm25=80.1'])
    expect(ofTouched).toEqual([3])
  })

  it('use the fact of the same name, even if the expression does not read it', () => {
    const { ids, ofTouched } = inputs('reading.pm25 > 25', { limits: { o3: 0.06 } }, { limits: { o3: 0.055 } }, READING)
    expect(ids.filter((id) => id.startsWith('o3'))).toEqual(['o3=0.05', 'o3=0.06', 'o3=0.07', 'o3=0.054', 'o3=0.055', 'o3=0.056'])
    expect(ofTouched).toEqual([6])
  })

  it('cover each text added to or removed from a list, and no other', () => {
    const alert = 'reading.kind in policy["air-limits"].kinds'
    const { ids, ofTouched } = inputs(alert, { kinds: ['dust', 'soot'] }, { kinds: ['dust', 'ash', 'smoke'] }, READING)
    expect([ids, ofTouched]).toEqual([['kind=soot', 'kind=ash', 'kind=smoke'], [3]])
  })

  it('are empty if no fact has the type of the field, and for descriptive keys', () => {
    expect(inputs('reading.pm25 > 25', { units: 'ug_per_m3' }, { units: 'mg_per_m3' }, { id: 'r', pm25: 3 }).ofTouched).toEqual([0])
    expect(inputs('reading.pm25 > 25', { title: 'Old', tags: ['a'] }, { title: 'New', tags: ['b'] }, READING).ofTouched).toEqual([])
  })

  it('are built from the reading whose other facts show the edge', () => {
    const alert = 'reading.pm25 > policy["air-limits"].limit && reading.o3 > 0.1'
    const high = { ...READING, o3: 0.2 }
    const { readings } = inputs(alert, { limit: 35 }, { limit: 25 }, READING, high)
    expect(readings.filter(({ id }) => String(id).includes('pm25')).map(({ o3 }) => o3)).toEqual([0.2, 0.2, 0.2, 0.2, 0.2, 0.2])
  })

  it('omit a field once if the expression can do without it', () => {
    const guarded = 'has(reading.pm25) && reading.pm25 > policy["air-limits"].limit'
    const { ids, readings } = inputs(guarded, { limit: 25 }, { limit: 20 }, READING)
    expect(ids.at(-1)).toBe('pm25=missing')
    expect(readings.at(-1)).not.toHaveProperty('pm25')
    expect(inputs('reading.pm25 > policy["air-limits"].limit', { limit: 25 }, { limit: 20 }, READING).ids).not.toContain('pm25=missing')
  })

  it('are limited in number, however many values change', () => {
    const limits = (by: number) => Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`l${index}`, index + by]))
    const { readings, ofTouched } = inputs('reading.pm25 > 1', { limits: limits(0) }, { limits: limits(5_000) }, READING)
    expect(readings.length).toBe(500)
    expect(ofTouched.at(-1)).toBe(0)
  })
})

describe('a document that older readers cannot read', () => {
  it('lacks a field, or has it as another type', () => {
    const touched = touchedFields(under({ limit: 25, ceiling: 80, list: [1] }), under({ limit: '25', list: [1, 2], floor: 1 }), [ID])
    expect(narrowedFields(touched)).toEqual([`${ID}.limit`, `${ID}.ceiling`])
  })
})
