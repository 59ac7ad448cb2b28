import type { PredictedLoad, ScenarioImpact, ScenarioLoad, SimulationImpact } from '#libs/contracts'

const DAY_MS = 86_400_000
/** Size limit within an event, besides dossier and rules. */
const MAX_BYTES = 12 * 1024

/**
 * Returns the alerts a canary may expect, short enough for an event: scenarios first, then the regions with most readings, then bots. A bot
 * that adapted alerts as its scenarios define, so the omitted bots are no loss if the rest adapted.
 */
export function predictedLoad({ scenarios, bots }: SimulationImpact): PredictedLoad {
  const load: PredictedLoad = { scenarios: [], bots: [], omitted: 0 }
  let left = MAX_BYTES
  const place = <Entry>(entry: Entry, into: Entry[] | undefined): void => {
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + 1
    if (into === undefined || bytes > left) load.omitted += 1
    else {
      left -= bytes
      into.push(entry)
    }
  }
  for (const scenario of scenarios) place(scenarioLoad(scenario), load.scenarios)
  for (const [index, { regions }] of scenarios.entries()) {
    const kept = load.scenarios[index]
    for (const { name, readings, before, after } of regions.toSorted((a, b) => b.readings - a.readings)) {
      place({ region: name, readings, before, after }, kept?.regions)
    }
  }
  for (const bot of bots) place(bot, load.bots)
  return load
}

function scenarioLoad({ scenario, readings, before, after, from, to }: ScenarioImpact): ScenarioLoad {
  const span = Date.parse(to) - Date.parse(from)
  return { scenario, readings, before, after, days: Number.isFinite(span) ? Math.round(span / DAY_MS) + 1 : 0, regions: [] }
}
