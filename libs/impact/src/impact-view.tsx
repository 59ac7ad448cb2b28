import type { AlertLoad, GroupImpact, ScenarioImpact, SimulationImpact, TouchedField, TurnedReadings } from '#libs/contracts'
import type { JSX } from 'preact'
import { alikeBots, nameOf, numberText, shareText, changedVerdictsText, unjudgedText } from './text-formats.js'

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
  const { newlyViolating, newlyCompliant, readings, before, after, from, to, regions, sites, months } = scenario
  const turned = newlyViolating.count + newlyCompliant.count
  return (
    <>
      <h3>Scenario {scenario.scenario}</h3>
      <p>
        {changedVerdictsText(scenario)}
        {from === '' ? '' : `, from ${from} to ${to}`}
        {unjudgedText(scenario)}. {numberText(before)} violate now, {numberText(after)} would.
        {readings === 0 ? '' : ` The change turns ${shareText(turned, readings)}, readings taken as independent.`}
      </p>
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
  const rows = alike.slice(0, SHOWN_BOTS).map(({ bots: ids, load }): LoadRow => ({
    name: ids.length === 1 ? ids[0]! : `${ids.length} bots alike: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`,
    ...load,
  }))
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

const BAR_HEIGHT = 12

type LoadRow = AlertLoad & { name: string } & Partial<GroupImpact>

/** Renders figures as a table, each row with two bars, before and after: one outlined and one filled, which is readable without colour. */
export function LoadTable({ caption, what, rows }: { caption: string; what: string; rows: readonly LoadRow[] }): JSX.Element {
  const most = Math.max(1, ...rows.flatMap(({ before, after }) => [before, after]))
  const turned = rows.some(({ newlyViolating }) => newlyViolating !== undefined)
  return (
    <div class="impact-scroll" tabIndex={0} role="group" aria-label={caption}>
      <table class="usa-table impact-table">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{what}</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            <th scope="col">Before and after</th>
            {turned ? <th scope="col">Newly violating</th> : null}
            {turned ? <th scope="col">Newly compliant</th> : null}
            <th scope="col">Readings</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td class="impact-number">{numberText(row.before)}</td>
              <td class="impact-number">{numberText(row.after)}</td>
              <td>
                <Bars before={row.before} after={row.after} most={most} />
              </td>
              {turned ? <td class="impact-number">{numberText(row.newlyViolating ?? 0)}</td> : null}
              {turned ? <td class="impact-number">{numberText(row.newlyCompliant ?? 0)}</td> : null}
              <td class="impact-number">{numberText(row.readings)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Renders the figures before and after as two bars. Hidden from screen readers, because the table has the figures as text. */
function Bars({ before, after, most }: { before: number; after: number; most: number }): JSX.Element {
  const percent = (value: number): string => `${Math.round((1_000 * value) / most) / 10}%`
  return (
    <svg class="impact-bars" width="100%" height={2 * BAR_HEIGHT + 4} aria-hidden="true" focusable="false">
      <rect class="impact-before" x="1" y="1" width={percent(before)} height={BAR_HEIGHT - 2} />
      <rect class="impact-after" x="1" y={BAR_HEIGHT + 4} width={percent(after)} height={BAR_HEIGHT - 2} />
    </svg>
  )
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [360, 180, 34, 10, 28]
const LABELS = 6

/** Plots alerts by month: an outlined column before the change, a filled one after it. */
export function MonthPlot({ months, id }: { months: readonly GroupImpact[]; id: string }): JSX.Element | null {
  if (months.length < 2) return null
  const most = niceMaximum(Math.max(...months.flatMap(({ before, after }) => [before, after])))
  const [plotWidth, plotHeight] = [WIDTH - LEFT - 4, HEIGHT - TOP - BOTTOM]
  const slot = plotWidth / months.length
  const column = Math.max(0.5, Math.min(14, slot * 0.38))
  const y = (value: number): number => round(TOP + plotHeight * (1 - value / most))
  const labelEvery = Math.ceil(months.length / LABELS)
  return (
    <figure class="impact-figure">
      <figcaption id={id}>Alerts by month: outlined before, filled after the change</figcaption>
      <svg class="impact-plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id} aria-describedby={`${id}-text`}>
        <desc id={`${id}-text`}>{monthsText(months)}</desc>
        {[0, most / 2, most].map((value) => (
          <g key={value}>
            <line class="impact-grid" x1={LEFT} x2={WIDTH - 4} y1={y(value)} y2={y(value)} />
            <text class="impact-label" x={LEFT - 4} y={y(value) + 4} text-anchor="end">
              {numberText(value)}
            </text>
          </g>
        ))}
        {months.map(({ name, before, after }, index) => {
          const middle = LEFT + slot * (index + 0.5)
          return (
            <g key={name}>
              <title>{monthsText([months[index]!])}</title>
              <rect class="impact-before" x={round(middle - column)} y={y(before)} width={round(column)} height={height(y(0), y(before))} />
              <rect class="impact-after" x={round(middle)} y={y(after)} width={round(column)} height={height(y(0), y(after))} />
              {index % labelEvery === 0 ? (
                <text class="impact-label" x={round(middle)} y={HEIGHT - 10} text-anchor="middle">
                  {name}
                </text>
              ) : null}
            </g>
          )
        })}
      </svg>
    </figure>
  )
}

function monthsText(months: readonly GroupImpact[]): string {
  return months.map(({ name, before, after }) => `${name}: ${numberText(before)}, then ${numberText(after)}`).join('; ')
}

/** Returns a round, even number at or above `most`, for an axis. */
function niceMaximum(most: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(2, most)))
  return [1, 2, 3, 4, 5, 6, 8, 10].map((times) => times * unit).find((value) => value >= most && value % 2 === 0) ?? 10 * unit
}

function height(base: number, top: number): number {
  return Math.max(0, round(base - top))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
