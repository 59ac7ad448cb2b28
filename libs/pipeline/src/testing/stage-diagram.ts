import { movesOf, type Move, type Transition } from './transitions.js'

/** Lengths in px. A line of text fits `CHARACTERS` of the sans-serif font at 12.5 px. */
const PAD = 18
const BOX = 136
const LABELS = PAD + BOX + 16
const CHARACTERS = 74
const LANES = LABELS + 580
const LANE_GAP = 13
const LINE = 17
const HEADER = 30
const ROW_GAP = 11
const BLOCK_GAP = 14

interface Row extends Move {
  lines: string[]
  y: number
}

interface Block {
  state: string
  top: number
  height: number
  rows: Row[]
}

/** A vertical line that collects all transitions into one state. */
interface Lane {
  to: string
  x: number
  top: number
  bottom: number
}

/**
 * Draws the SVG of a stage: a box per state from top to bottom, a line per pair of states with its inputs above it, and a lane on the right
 * per state that can be entered. The output is deterministic. `ends`: states without outgoing transitions.
 */
export function drawStage(title: string, transitions: readonly Transition[], ends: readonly string[]): string {
  const states = [...new Set(transitions.map(({ state }) => state).filter((state) => !ends.includes(state))), ...ends]
  const blocks = blocksOf(states, movesOf(transitions))
  const lanes = lanesOf(blocks)
  const width = LANES + lanes.length * LANE_GAP + PAD
  const last = blocks.at(-1)!
  const height = last.top + last.height + PAD
  const start = { x: PAD + BOX + 40, y: PAD + HEADER / 2 }
  const entered = lanes.map(({ x, to }) => ({ x, to, y: blocks.find(({ state }) => state === to)!.top + HEADER / 2 }))
  const moves = blocks.flatMap(({ rows }) => rows.map(({ from, to, inputs }) => `${from} to ${to}: ${inputs.join(', ')}.`))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    '  role="img" aria-labelledby="t d">',
    `<title id="t">${escaped(title)}: states and transitions</title>`,
    `<desc id="d">${escaped(moves.join(' '))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    `<circle class="fill over" cx="${start.x}" cy="${start.y}" r="5"/>`,
    entryOf(start.x, start.y, 'over'),
    ...lanes.map((lane) => `<path class="line ${kindOf(lane.to)}" d="M${lane.x} ${lane.top}V${lane.bottom}"/>`),
    ...entered.map(({ x, y, to }) => entryOf(x, y, kindOf(to))),
    ...blocks.flatMap(({ rows }) =>
      rows.flatMap((row) =>
        rowOf(
          row,
          lanes.find(({ to }) => to === row.to)!,
        ),
      ),
    ),
    ...blocks.map((block) => boxOf(block, ends.includes(block.state))),
    '</svg>',
    '',
  ].join('\n')
}

function blocksOf(states: readonly string[], moves: readonly Move[]): Block[] {
  let top = PAD
  return states.map((state) => {
    const leaving = moves.filter(({ from }) => from === state).toSorted((a, b) => states.indexOf(a.to) - states.indexOf(b.to))
    let y = top + HEADER
    const rows = leaving.map((move) => {
      const lines = linesOf(move.inputs)
      y += lines.length * LINE + ROW_GAP
      return { ...move, lines, y: y - ROW_GAP / 2 }
    })
    const block = { state, top, height: y - top, rows }
    top += block.height + BLOCK_GAP
    return block
  })
}

/** Wraps inputs into lines, separated by middle dots. */
function linesOf(inputs: readonly string[]): string[] {
  const lines: string[] = []
  for (const input of inputs) {
    const longer = lines.length === 0 ? input : `${lines.at(-1)!} · ${input}`
    if (lines.length > 0 && longer.length <= CHARACTERS) lines[lines.length - 1] = longer
    else lines.push(input)
  }
  return lines
}

/** Returns the lanes, the shortest next to the boxes, so that few lines cross. */
function lanesOf(blocks: readonly Block[]): Lane[] {
  const lanes = blocks.flatMap((block) => {
    const ys = blocks.flatMap(({ rows }) => rows.filter(({ to }) => to === block.state).map(({ y }) => y))
    if (ys.length === 0) return []
    const entry = block.top + HEADER / 2
    return [{ to: block.state, top: Math.min(entry, ...ys), bottom: Math.max(entry, ...ys) }]
  })
  return lanes
    .toSorted((a, b) => a.bottom - a.top - (b.bottom - b.top))
    .map((lane, index) => Object.assign(lane, { x: LANES + index * LANE_GAP }))
}

/** Draws a line from the right to a box, with an arrowhead. */
function entryOf(x: number, y: number, kind: string): string {
  const end = PAD + BOX + 9
  const head = `M${end} ${y - 4.5}L${end - 8} ${y}L${end} ${y + 4.5}Z`
  return `<path class="line ${kind}" d="M${x} ${y}H${end}"/><path class="fill ${kind}" d="${head}"/>`
}

function rowOf({ lines, y, to }: Row, { x }: Lane): string[] {
  const first = y - lines.length * LINE + LINE - 6
  return [
    `<path class="line ${kindOf(to)}" d="M${PAD + BOX} ${y}H${x}"/><circle class="fill ${kindOf(to)}" cx="${x}" cy="${y}" r="3"/>`,
    ...lines.map((line, index) => `<text x="${LABELS}" y="${first + index * LINE}">${escaped(line)}</text>`),
    `<text class="to ${kindOf(to)}" x="${LANES - 12}" y="${y - 6}">→ ${escaped(to)}</text>`,
  ]
}

function boxOf({ state, top, height }: Block, isEnd: boolean): string {
  const box = `<rect class="box ${kindOf(state)}" x="${PAD}" y="${top}" width="${BOX}" height="${height}" rx="6"/>`
  const inner = `<rect class="inner ${kindOf(state)}" x="${PAD + 3}" y="${top + 3}" width="${BOX - 6}" height="${height - 6}" rx="4"/>`
  return `${box}${isEnd ? inner : ''}<text class="state" x="${PAD + 12}" y="${top + 20}">${escaped(state)}</text>`
}

function kindOf(state: string): string {
  if (['passed', 'completed'].includes(state)) return 'good'
  if (state === 'failed') return 'bad'
  if (['paused', 'waiting'].includes(state)) return 'halted'
  return ['ended', 'aborted', 'dropped'].includes(state) ? 'over' : 'open'
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const STYLE = `
text{font:12.5px system-ui,sans-serif;fill:#1b1b1b}.state{font-size:14px;font-weight:600}.to{font-weight:600;text-anchor:end}
.page{fill:#fff;stroke:#dfe1e2}.line{fill:none;stroke-width:1.4;stroke:var(--c)}.fill,.to{fill:var(--c)}
.box{fill:var(--b);stroke:var(--c);stroke-width:1.4}.inner{fill:none;stroke:var(--c)}
.open{--c:#005ea2;--b:#eff6fb}.good{--c:#216e1f;--b:#ecf3ec}.bad{--c:#b50909;--b:#fbeeee}
.halted{--c:#8a5700;--b:#fef6e7}.over{--c:#565c65;--b:#f1f3f6}
@media(prefers-color-scheme:dark){text{fill:#f0f0f0}.page{fill:#16191d;stroke:#3d4551}.to{fill:var(--c)}
.open{--c:#73b3e7;--b:#12283a}.good{--c:#70e17b;--b:#10291a}.bad{--c:#ff8d7b;--b:#3a1a16}
.halted{--c:#ffbe2e;--b:#33270c}.over{--c:#a9aeb1;--b:#24272b}}
`
