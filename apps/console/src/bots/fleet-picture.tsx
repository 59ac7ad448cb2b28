import { listed, numberText, type CoveredState, type CoverageView, type PolicyView } from '#libs/contracts'
import type { JSX } from 'preact'
import { count } from '../layout/parts.js'
import { LoadedPart, None } from '../layout/absent.js'
import { mapAnswer, valueOf, type Answer, type Read } from '../reading/answer.js'
import { queryOf } from '../forms/query.js'

/** Coverage of a policy, with the version in force for all; `null` where none is known. */
export type Fleet = CoverageView & { live: string | null }

/** `gone`: disconnected while behind. */
type DotState = CoveredState | 'gone'
type Dot = Omit<NonNullable<CoverageView['bots']>[number], 'state'> & { state: DotState }

const STATE_WORDS: Record<DotState, string> = { current: '', stale: ', behind', silent: ', silent', gone: ', gone' }
const MAX_DOTS = 500
/** Largest number of dots that are drawn at twice the size. */
const FEW_DOTS = 100
const WIDTH = 280
/** Names listed under the picture. */
const MAX_NAMES = 8
/** Releases in the legend. */
const MAX_RELEASES = 12

/** Reads the bots of a policy; with `named`, those whose name contains it. */
export function readBots(read: Read, policy: string, named?: string): Promise<Answer<CoverageView>> {
  return read<CoverageView>(`/v1/coverage?${queryOf({ policy, bots: 'all', named })}`)
}

export async function readFleet(read: Read, policy: string): Promise<Answer<Fleet>> {
  const [coverage, live] = await Promise.all([readBots(read, policy), read<PolicyView>(`/v1/policies/${encodeURIComponent(policy)}`)])
  if (coverage.kind === 'missing') return { ...coverage, detail: `Nothing of ${policy} is published yet, so no bot has it.` }
  return mapAnswer(coverage, (view) => ({ ...view, live: valueOf(live)?.version ?? null }))
}

/** Part of a page with the picture; `href`: where the bots that are not up to date are listed. */
export function FleetPart({ answer, href }: { answer: Answer<Fleet>; href?: string }): JSX.Element {
  return (
    <LoadedPart id="fleet" title="Who runs what" answer={answer} what="bots">
      {(fleet) => <FleetPicture fleet={fleet} href={href} />}
    </LoadedPart>
  )
}

/** Draws one dot per bot, or for many bots one bar per region and version. The page's script replaces single elements by their id. */
export function FleetPicture({ fleet, href }: { fleet: Fleet; href?: string }): JSX.Element {
  const { policy, total, lagging, left = [], cells } = fleet
  const list = href ?? `/fleet?policy=${encodeURIComponent(policy)}#lagging`
  const gone = left.map((bot): Dot => ({ ...bot, state: 'gone' }))
  const dots: Dot[] = [...(fleet.bots ?? []), ...gone.slice(0, MAX_DOTS)]
  const regions = [...new Set((cells ?? dots).map(({ region }) => region))].sort()
  const hues = huesOf(fleet)
  const most = Math.max(1, ...(cells ?? []).map((cell) => cell.total))
  const late = [...lagging, ...left].map(({ id }) => id)
  if (total + left.length === 0) return <None>No bot is connected that reads {policy}.</None>
  return (
    <figure class="fleet" data-patch>
      <figcaption>
        <p id="fleet-sum">{sumOf(fleet)}</p>
        <Legend fleet={fleet} hues={hues} />
        <p id="fleet-late">
          {late.length === 0 ? 'No bot is behind or silent.' : 'Not up to date: '}
          {late.length === 0 ? null : <a href={list}>{listed(late, MAX_NAMES)}</a>}
        </p>
      </figcaption>
      <a id="fleet-regions" class="fleet-regions" href={list} aria-labelledby="fleet-regions fleet-sum">
        {regions.map((region) => (
          <span class="fleet-region" key={region}>
            <span class="fleet-name">{region === '' ? 'no region' : region}</span>
            {cells === undefined ? (
              <Dots dots={dots.filter((dot) => dot.region === region)} isFew={dots.length <= FEW_DOTS} hues={hues} />
            ) : (
              <Cells cells={cells.filter((cell) => cell.region === region)} most={most} hues={hues} />
            )}
          </span>
        ))}
      </a>
    </figure>
  )
}

function sumOf({ policy, total, current, lagging, left = [] }: Fleet): string {
  const silent = lagging.filter(({ revision }) => revision === 0).length
  const late = [`${lagging.length - silent} behind`, `${silent} silent`, `${left.length} gone while behind`]
  return `${count(total, 'bot')} of ${policy}: ${[`${current} up to date`, ...late.filter((text) => !text.startsWith('0 '))].join(', ')}.`
}

/** Returns the colour of each version: 1 for the version in force, then 2 to 5, most bots first. All later versions share 5. */
function huesOf({ versions, left = [], live }: Fleet): ReadonlyMap<string, number> {
  const others = new Set([...versions, ...left].flatMap(({ version }) => (version === null || version === live ? [] : [version])))
  return new Map([...(live === null ? [] : [[live, 1] as const]), ...[...others].map((text, at) => [text, Math.min(5, at + 2)] as const)])
}

type Hues = ReturnType<typeof huesOf>

/** Returns the colour of a bot; 0 (grey) if its version is not known. */
const hueOf = ({ version }: Pick<Dot, 'version'>, hues: Hues): number => hues.get(version ?? '') ?? 0

function versionText({ version, digest }: Pick<Dot, 'version' | 'digest'>): string {
  return version ?? (digest === null ? 'no version' : 'unknown version')
}

function Dots({ dots, isFew, hues }: { dots: readonly Dot[]; isFew: boolean; hues: Hues }): JSX.Element {
  const pitch = isFew ? 28 : 14
  const columns = WIDTH / pitch
  return (
    <svg class="fleet-dots" viewBox={`0 0 ${WIDTH} ${Math.ceil(dots.length / columns) * pitch}`} aria-hidden="true">
      {dots.map((dot, at) => {
        const [x, y] = [((at % columns) + 0.5) * pitch, (Math.floor(at / columns) + 0.5) * pitch]
        return (
          <g key={dot.id} id={`bot-${encodeURIComponent(dot.id)}`}>
            <title>{`${dot.id}: ${versionText(dot)}${STATE_WORDS[dot.state]}`}</title>
            <Mark hue={hueOf(dot, hues)} state={dot.state} x={x} y={y} r={pitch / 3.5} />
          </g>
        )
      })}
    </svg>
  )
}

/** A circle for the version in force, a square for any other: colour alone tells nothing. */
function Mark({ hue, state, x, y, r }: { hue: number; state: DotState; x: number; y: number; r: number }): JSX.Element {
  const look = `hue-${hue}${state === 'silent' || state === 'gone' ? ' fleet-hollow' : ''}`
  const half = hue === 1 ? r : r * 0.85
  return (
    <>
      <rect class={look} x={x - half} y={y - half} width={2 * half} height={2 * half} rx={hue === 1 ? half : 0} />
      {state === 'stale' ? <circle class="fleet-ring" cx={x} cy={y} r={r * 1.5} /> : null}
    </>
  )
}

/** `most`: bots of the largest bar of the picture. */
function Cells({ cells, most, hues }: { cells: NonNullable<Fleet['cells']>; most: number; hues: Hues }): JSX.Element {
  return (
    <>
      {cells.map((cell) => (
        <span class="fleet-cell" key={cell.digest} id={`cell-${encodeURIComponent(JSON.stringify([cell.region, cell.digest]))}`}>
          {versionText(cell)}: {numberText(cell.total)}
          {cell.current < cell.total ? `, ${numberText(cell.total - cell.current)} not up to date` : ''}
          <svg class="fleet-dots" viewBox={`0 0 ${WIDTH} 14`} aria-hidden="true">
            <rect class={`hue-${hueOf(cell, hues)}`} x="1" y="2" width={Math.max(4, (cell.total / most) * (WIDTH - 2))} height="10" />
            {cell.current < cell.total ? <rect class="fleet-ring" x="1" y="1" width={WIDTH - 2} height="12" /> : null}
          </svg>
        </span>
      ))}
    </>
  )
}

function Legend({ fleet, hues }: { fleet: Fleet; hues: Hues }): JSX.Element {
  const { versions, live, lagging, left = [] } = fleet
  const sum = (version: string): number => versions.reduce((all, each) => all + (each.version === version ? each.total : 0), 0)
  const unnamed = versions.filter(({ version }) => version === null)
  const releases = [
    ...[...hues].map(([version, hue]) => ({ hue, text: `${version}${version === live ? ', in force' : ''}: ${numberText(sum(version))}` })),
    ...unnamed.map((each) => ({ hue: 0, text: `${versionText(each)}: ${numberText(each.total)}` })),
  ]
  const marks = releases
    .slice(0, MAX_RELEASES)
    .map((each): { hue: number; state: DotState; text: string } => ({ ...each, state: 'current' }))
  if (releases.length > MAX_RELEASES) marks.push({ hue: 5, state: 'current', text: `${releases.length - MAX_RELEASES} more releases` })
  if (lagging.some(({ revision }) => revision > 0)) marks.push({ hue: 0, state: 'stale', text: 'ringed: behind' })
  if (left.length > 0 || lagging.some(({ revision }) => revision === 0))
    marks.push({ hue: 0, state: 'gone', text: 'hollow: silent or gone' })
  return (
    <ul id="fleet-legend" class="plain fleet-legend">
      {marks.map(({ hue, state, text }) => (
        <li key={text}>
          <svg class="fleet-swatch" viewBox="0 0 20 20" aria-hidden="true">
            <Mark hue={hue} state={state} x={10} y={10} r={6} />
          </svg>{' '}
          {text}
        </li>
      ))}
    </ul>
  )
}
