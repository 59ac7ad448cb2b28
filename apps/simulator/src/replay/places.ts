import { groupBy, type SiteLoad } from '#libs/contracts'
import { groupImpact, judgedReadings, siteOf } from './impact.js'
import type { Reading } from './reading.js'
import type { ScenarioInputs } from './scenario-inputs.js'

export const MAX_PLACES = 200
const MAX_LABEL = 60

/** Returns the sites with coordinates, of the scenario with the most readings. Sites with the most readings come first. */
export function placesOf(scenarios: readonly ScenarioInputs[]): SiteLoad[] {
  const [scenario] = scenarios.toSorted((a, b) => b.inputs.length - a.inputs.length)
  if (scenario === undefined) return []
  const sites = groupBy(judgedReadings(scenario), ({ reading }) => siteOf(reading))
  return [...sites]
    .flatMap(([name, judged]): SiteLoad[] => {
      const located = judged.find(({ reading }) => isWithin(reading['lat'], 90) && isWithin(reading['lon'], 180))?.reading
      if (name === '' || located === undefined) return []
      const { readings, before, after } = groupImpact(name, judged)
      const [lat, lon] = [located['lat'] as number, located['lon'] as number]
      return [{ scenario: scenario.scenario, name, ...labelOf(located), lat, lon, readings, before, after }]
    })
    .sort((a, b) => b.readings - a.readings || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_PLACES)
}

const isWithin = (value: unknown, most: number): boolean => typeof value === 'number' && Math.abs(value) <= most

function labelOf({ county, city, cbsa }: Reading): Pick<SiteLoad, 'label'> {
  const label = [county, city, cbsa].find((text) => typeof text === 'string' && text !== '' && text.length <= MAX_LABEL)
  return label === undefined ? {} : { label: label as string }
}
