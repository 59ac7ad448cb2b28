import { digestInGroups, type Json, type RunPolicy, spokenRemainder } from '#libs/contracts'
import { createContext, Fragment, isValidElement, type ComponentChildren, type JSX } from 'preact'
import { useContext } from 'preact/hooks'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Time at which a page is made; without it, moments are shown exactly. */
export const Now = createContext<Date | undefined>(undefined)

/** Shows a past moment as its age, with the exact time in the title, and a future moment exactly. `exact`: never shows an age. */
export function Moment({ at, exact = false }: { at: string | null; exact?: boolean }): JSX.Element {
  const now = useContext(Now)
  if (at === null) return <span>–</span>
  const age = now === undefined || exact ? undefined : ageText(now.getTime() - Date.parse(at))
  return (
    <time dateTime={at} title={age === undefined ? undefined : momentText(at)}>
      {age ?? momentText(at)}
    </time>
  )
}

/** `just now`, `12 min ago`, `5 h ago`, `3 days ago`; `undefined` for the future, and for what is no time. */
function ageText(ms: number): string | undefined {
  if (!(ms >= 0)) return undefined
  if (ms < 60_000) return 'just now'
  if (ms < HOUR_MS) return `${Math.floor(ms / 60_000)} min ago`
  return ms < 2 * DAY_MS ? `${Math.floor(ms / HOUR_MS)} h ago` : `${Math.floor(ms / DAY_MS)} days ago`
}

/** `2026-11-26 13:31:05 UTC`; a text that is no time stays as it is. */
export function momentText(at: string): string {
  const ms = Date.parse(at)
  return Number.isNaN(ms) ? at : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Returns the text with its RFC 3339 times in UTC as `momentText` writes them. */
export function withMoments(text: string): string {
  return text.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, momentText)
}

/** A command to copy: one click selects it whole. */
export function Command({ children }: { children: string }): JSX.Element {
  return <code class="command">{children}</code>
}

export function Commands({ commands }: { commands: readonly string[] }): JSX.Element | null {
  if (commands.length === 0) return null
  return (
    <ul class="commands">
      {commands.map((command) => (
        <li key={command}>
          <Command>{command}</Command>
        </li>
      ))}
    </ul>
  )
}

/** Commands for use without this page. `same`: they show what the page shows. */
export function Terminal(props: { commands: readonly string[]; same?: true; children?: ComponentChildren }): JSX.Element {
  return (
    <Part still id="terminal" title={props.same ? 'The same from a terminal' : 'From a terminal'}>
      <Commands commands={props.commands} />
      {props.children}
    </Part>
  )
}

interface TableProps {
  caption: string
  head: readonly string[]
  /** Cells by row: the first one names its row. A cell that is a `td` is not put into another. */
  rows?: readonly (readonly ComponentChildren[])[]
  /** Rows that the caller builds, because they need attributes. */
  children?: ComponentChildren
}

/** Table that scrolls inside the page if it is too wide, by keyboard too. A second column `State` stays in sight. */
export function Table({ caption, head, rows = [], children }: TableProps): JSX.Element {
  return (
    <div class="usa-table-container--scrollable" tabIndex={0} role="group" aria-label={caption}>
      <table class={head[1] === 'State' ? 'usa-table usa-table--state' : 'usa-table'}>
        <caption class="usa-sr-only">{caption}</caption>
        <thead>
          <tr>
            {head.map((text, at) => (
              <th scope="col" key={text} class={rows.some((cells) => isNumber(cells[at])) ? 'number' : undefined}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, at) => (
            <tr key={at}>{cells.map(cellOf)}</tr>
          ))}
          {children}
        </tbody>
      </table>
    </div>
  )
}

function isNumber(cell: ComponentChildren): boolean {
  return isValidElement(cell) && 'class' in cell.props && cell.props.class === 'number'
}

function cellOf(cell: ComponentChildren, at: number): ComponentChildren {
  if (isValidElement(cell) && cell.type === 'td') return cell
  return at === 0 ? <th scope="row">{cell}</th> : <td>{cell}</td>
}

/** A name and its value; `null` is left out. */
type Fact = readonly [name: string, value: ComponentChildren] | null

export function Facts({ facts, plain = false }: { facts: readonly Fact[]; plain?: boolean }): JSX.Element {
  return (
    <dl class={plain ? undefined : 'facts'}>
      {facts.map((fact, index) =>
        fact === null ? null : (
          <Fragment key={index}>
            <dt>{fact[0]}</dt>
            <dd>{fact[1]}</dd>
          </Fragment>
        ),
      )}
    </dl>
  )
}

type PartProps = { id: string; title: string; still?: true; children: ComponentChildren }

/** A part of a page under its heading. It is updated live, unless it is `still`. */
export function Part({ id, title, still, children }: PartProps): JSX.Element {
  return (
    <section id={still ? undefined : id} data-live={still ? undefined : true} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  )
}

export function PolicyLink({ id, version }: { id: string; version?: string | null }): JSX.Element {
  return <a href={`/policies/${encodeURIComponent(id)}`}>{version === undefined || version === null ? id : `${id}@${version}`}</a>
}

type NamedPolicy = Pick<RunPolicy, 'id' | 'version'>

export function PolicyLinks({ policies }: { policies: readonly NamedPolicy[] }): JSX.Element {
  return (
    <>
      {policies.map(({ id, version }) => (
        <span key={id}>
          <PolicyLink id={id} version={version} />{' '}
        </span>
      ))}
    </>
  )
}

export function RunLink({ run }: { run: number | null }): JSX.Element {
  return run === null ? <span>–</span> : <a href={`/runs/${run}`}>Run {run}</a>
}

export function Digest({ digest }: { digest: string }): JSX.Element {
  return <span class="digest">{digestInGroups(digest)}</span>
}

/** Text of a value; a text that is empty, or reads like a value of another type, is quoted. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return '–'
  return typeof value === 'string' && !/^(?:true|false|null|-?\d+(?:\.\d+)?)?$/.test(value) ? value : JSON.stringify(value)
}

/** `1 run`, `3 runs`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

/** Returns the time left until `at`: `6 days 23 h`, `3 h 20 min`, `4 min 10 sec`. */
export function timeLeft(until: string, now: Date): string {
  return spokenRemainder(Date.parse(until) - now.getTime())
}

/** The time left until a moment, counted down in the browser; nothing once the moment has passed. `ofMs`: shows it as a ring, too. */
export function Countdown({ until, ofMs }: { until: string; ofMs?: number | undefined }): JSX.Element | null {
  const now = useContext(Now)
  const leftMs = now === undefined ? 0 : Date.parse(until) - now.getTime()
  if (now === undefined || !(leftMs > 0)) return null
  const of = ofMs === undefined ? undefined : spokenRemainder(ofMs).replace(/ 0 \w+$/, '')
  const dashes = `${((leftMs / (ofMs ?? leftMs)) * 100).toFixed(1)} 100`
  return (
    <p class="countdown" role="timer" aria-label={of === undefined ? undefined : 'Time left'}>
      {ofMs === undefined ? null : (
        <svg class="ring" viewBox="0 0 40 40" aria-hidden="true">
          <circle cx="20" cy="20" r="16" />
          <circle class="ring-left" cx="20" cy="20" r="16" pathLength="100" stroke-dasharray={dashes} />
        </svg>
      )}
      <span data-until={until} data-of={of} data-of-ms={ofMs}>{`${timeLeft(until, now)}${of === undefined ? '' : ` of ${of}`} left`}</span>
    </p>
  )
}
