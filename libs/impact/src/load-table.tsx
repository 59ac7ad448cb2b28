import type { AlertLoad } from '#libs/contracts'
import type { JSX } from 'preact'
import { numberText } from './words.js'

const HEIGHT = 12

export interface LoadRow extends AlertLoad {
  name: string
  newlyViolating?: number
  newlyCompliant?: number
}

/** Renders figures as a table, with two of them in each row as bars: outlined before, filled after. The plot is readable without colour. */
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

/** Repeats the figures beside it, so it is hidden from screen readers. */
function Bars({ before, after, most }: { before: number; after: number; most: number }): JSX.Element {
  const percent = (value: number): string => `${Math.round((1_000 * value) / most) / 10}%`
  return (
    <svg class="impact-bars" width="100%" height={2 * HEIGHT + 4} aria-hidden="true" focusable="false">
      <rect class="impact-before" x="1" y="1" width={percent(before)} height={HEIGHT - 2} />
      <rect class="impact-after" x="1" y={HEIGHT + 4} width={percent(after)} height={HEIGHT - 2} />
    </svg>
  )
}
