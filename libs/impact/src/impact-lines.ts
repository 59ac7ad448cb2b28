import { listed, type SimulationImpact } from '#libs/contracts'
import { alikeBots, nameOf, numberText, changedVerdictsText, unjudgedText } from './text-formats.js'

const SHOWN = 3

/** Formats an impact for a terminal: changed verdicts, regions, alerts per bot, and fields that no replay input covers. */
export function impactLines({ scenarios, bots, fields }: SimulationImpact): string[] {
  const changed = scenarios.map((scenario) => {
    const most = scenario.regions
      .map((region) => ({ name: nameOf(region), turned: region.newlyViolating + region.newlyCompliant }))
      .filter((region) => region.turned > 0)
      .sort((a, b) => b.turned - a.turned)
    const where =
      most.length === 0
        ? ''
        : ` (${most
            .slice(0, SHOWN)
            .map(({ name, turned: count }) => `${name} ${numberText(count)}`)
            .join(', ')})`
    return `impact of ${scenario.scenario}: ${changedVerdictsText(scenario)}${where}${unjudgedText(scenario)}`
  })
  const loads = alikeBots(bots)
    .slice(0, SHOWN)
    .map(({ bots: ids, load }) => {
      const subject = ids.length === 1 ? ids[0]! : `each of ${ids.length} bots`
      return `predicted alerts of ${subject}: ${numberText(load.before)} → ${numberText(load.after)}`
    })
  const uncoveredFields = fields.filter(({ inputs }) => inputs === 0).map(({ policy, field }) => `${policy}.${field}`)
  const uncovered = listed(uncoveredFields, SHOWN)
  return [...changed, ...loads, ...(uncoveredFields.length === 0 ? [] : [`changed, but covered by no replay input: ${uncovered}`])]
}
