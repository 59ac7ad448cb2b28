import { readFileSync } from 'node:fs'
import { parseCorpus } from '../replay/corpus.js'
import type { Reading } from '../replay/reading.js'
import { scenarioInputs, type ScenarioInputs, type ScenarioSource } from '../replay/scenario-inputs.js'

const assets = new URL('../../../demo/assets/', import.meta.url)

export function asset(path: string): string {
  return readFileSync(new URL(path, assets), 'utf8')
}

export function virginia(): Reading[] {
  const bytes = readFileSync(new URL('virginia-2023.csv', assets))
  return parseCorpus(bytes, { id: 'virginia-2023', format: 'csv', map: { at: 'date', pm25: 'pm25_ug_m3' } }).readings
}

export function limitOf(limit: number) {
  return { 'epa-pm25-limit': { id: 'epa-pm25-limit', version: limit === 35 ? '1.5.0' : '2.0.0', limit, units: 'ug_per_m3' } }
}

export function readingOf(id: string, pm25: number): Reading {
  return { id, at: '', region: '', pm25 }
}

/** The change from 35 to 25, judged by the demo's scenario. */
export function tightening(readings: readonly Reading[], changes: Partial<ScenarioSource> = {}): ScenarioInputs {
  return scenarioInputs({
    scenario: 'pm25-violation',
    policies: ['epa-pm25-limit'],
    readings,
    boundary: [],
    before: limitOf(35),
    after: limitOf(25),
    oracle: (reading, policies) => {
      if (typeof reading['pm25'] !== 'number') throw new Error('no pm25')
      return reading['pm25'] > (policies['epa-pm25-limit']?.['limit'] as number)
    },
    ...changes,
  })
}
