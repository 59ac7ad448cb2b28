import type { GroupImpact } from '#libs/contracts'
import type { JSX } from 'preact'
import { numberText } from './words.js'

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [360, 180, 34, 10, 28]
const LABELS = 6

/** Plots alerts by month: an outlined column before the change, a filled one after it. */
export function MonthPlot({ months, id }: { months: readonly GroupImpact[]; id: string }): JSX.Element | null {
  if (months.length < 2) return null
  const most = niceMost(Math.max(...months.flatMap(({ before, after }) => [before, after])))
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
function niceMost(most: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(2, most)))
  return [1, 2, 3, 4, 5, 6, 8, 10].map((times) => times * unit).find((value) => value >= most && value % 2 === 0) ?? 10 * unit
}

function height(base: number, top: number): number {
  return Math.max(0, round(base - top))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
