import type { JSX } from 'preact'

const WIDTH = 128
const HEIGHT = 24
const EDGE = 2

/** A small line over a row of numbers. The label says the same in words. */
export function SparkLine({ values, label }: { values: readonly number[]; label: string }): JSX.Element {
  const most = Math.max(1, ...values)
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1)
  const points = values.map((value, index) => {
    const [x, y] = [EDGE + index * step, HEIGHT - EDGE - (value / most) * (HEIGHT - 2 * EDGE)]
    return `${round(x)},${round(y)}`
  })
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polyline points={points.join(' ')} fill="none" stroke="currentColor" stroke-width="2" />
    </svg>
  )
}

function round(at: number): number {
  return Math.round(at * 10) / 10
}
