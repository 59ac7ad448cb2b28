import type { ScenarioImpact, SimulationImpact, TouchedField, TurnedReadings } from '#libs/contracts'
import type { JSX } from 'preact'
import { LoadTable, type LoadRow } from './load-table.js'
import { MonthPlot } from './month-plot.js'
import { alikeBots, nameOf, numberText, shareText, turnedText } from './words.js'

const SHOWN_SITES = 10
const SHOWN_BOTS = 10

/** Renders the impact of a change as text, tables and plots. Headings begin at the third level. */
export function ImpactView({ impact: { scenarios, bots, fields } }: { impact: SimulationImpact }): JSX.Element {
  return (
    <div class="impact">
      {scenarios.map((scenario) => (
        <OfScenario key={scenario.scenario} scenario={scenario} />
      ))}
      <h3>Predicted alerts of bots</h3>
      {bots.length === 0 ? <p>No bot was replayed to the end.</p> : <OfBots bots={bots} />}
      <h3>Fields that the change touches</h3>
      {fields.length === 0 ? <p>None that a reading is judged by.</p> : <Fields fields={fields} />}
    </div>
  )
}

function OfScenario({ scenario }: { scenario: ScenarioImpact }): JSX.Element {
  const { newlyViolating, newlyCompliant, readings, before, after, from, to, regions, sites, months, lost } = scenario
  const turned = newlyViolating.count + newlyCompliant.count
  return (
    <>
      <h3>Scenario {scenario.scenario}</h3>
      <p>
        {turnedText(scenario)}
        {from === '' ? '' : `, from ${from} to ${to}`}. {numberText(before)} violate now, {numberText(after)} would.
        {readings === 0 ? '' : ` The change turns ${shareText(turned, readings)}, readings taken as independent.`}
      </p>
      {lost === 0 ? null : <p>{numberText(lost)} readings have an answer under the old policies and none under the new ones.</p>}
      <LoadTable caption={`Violations by region, ${scenario.scenario}`} what="Region" rows={regions.map(rowOf)} />
      <MonthPlot months={months} id={`months-${scenario.scenario}`} />
      {sites.length === 0 ? null : (
        <LoadTable
          caption={`Violations by site, ${scenario.scenario}: those that the change turns most`}
          what="Site"
          rows={sites.slice(0, SHOWN_SITES).map(rowOf)}
        />
      )}
      <Ids title="Newly violating" turned={newlyViolating} />
      <Ids title="Newly compliant" turned={newlyCompliant} />
    </>
  )
}

function rowOf(group: ScenarioImpact['regions'][number]): LoadRow {
  return { ...group, name: nameOf(group) }
}

function OfBots({ bots }: Pick<SimulationImpact, 'bots'>): JSX.Element {
  const alike = alikeBots(bots)
  const rows = alike.slice(0, SHOWN_BOTS).map(({ bots: ids, load }): LoadRow => {
    return {
      name: ids.length === 1 ? ids[0]! : `${ids.length} bots alike: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
      ...load,
    }
  })
  return (
    <>
      <LoadTable caption="Alerts over the recorded readings, by bot" what="Bot" rows={rows} />
      {alike.length > rows.length ? <p>{alike.length - rows.length} more kinds of bots are in the report.</p> : null}
    </>
  )
}

function Ids({ title, turned: { count, ids } }: { title: string; turned: TurnedReadings }): JSX.Element | null {
  if (count === 0) return null
  return (
    <details>
      <summary>
        {title}: {numberText(count)} readings{ids.length < count ? `, the first ${numberText(ids.length)} of them` : ''}
      </summary>
      <p class="impact-ids">{ids.join(', ')}</p>
    </details>
  )
}

function Fields({ fields }: { fields: readonly TouchedField[] }): JSX.Element {
  return (
    <ul>
      {fields.map(({ policy, field, from, to, inputs, scenarios }) => (
        <li key={`${policy} ${field}`}>
          <code>
            {policy}.{field}
          </code>{' '}
          {JSON.stringify(from) ?? 'not there'} → {JSON.stringify(to) ?? 'not there'}:{' '}
          {inputs === 0 ? <strong>no input tries it</strong> : `${numberText(inputs)} boundary inputs`},{' '}
          {scenarios.length === 0 ? 'no scenario reads it' : `read by ${scenarios.join(', ')}`}
        </li>
      ))}
    </ul>
  )
}
