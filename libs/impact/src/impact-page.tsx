import { createHash } from 'node:crypto'
import { printable, type SimulationImpact } from '#libs/contracts'
import type { JSX } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { ImpactView } from './impact-view.js'

export interface ImpactPage {
  /** `epa-pm25-limit 1.5.0 → 2.0.0`. */
  title: string
  /** Summary line of the stage: `PASS (98.4% bots adapted, 63/64)`. */
  verdict: string
  /** Changed fields, one a line. */
  changes: readonly string[]
  skipped: readonly { scenario: string; why: string }[]
  reportDigest: string | null
  impact: SimulationImpact
}

/** Renders one self-contained HTML file, without network or script: it opens from a disk, in a mail, or on paper. */
export function impactPage(page: ImpactPage): string {
  // The Content-Security-Policy allows only this style sheet, whatever texts policies and bots contain.
  const style = createHash('sha256').update(IMPACT_STYLE).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'`
  const html = renderToString(<Page page={cleaned(page)} policy={policy} />)
  // The renderer would escape the style sheet's text.
  return `<!doctype html>\n${html.replace('<style></style>', `<style>${IMPACT_STYLE}</style>`)}\n`
}

/** Escapes characters that hide text or change its direction, in all texts of the page. */
function cleaned(page: ImpactPage): ImpactPage {
  return JSON.parse(JSON.stringify(page), (_key, value: unknown) => (typeof value === 'string' ? printable(value) : value)) as ImpactPage
}

function Page({ page, policy }: { page: ImpactPage; policy: string }): JSX.Element {
  const { title, verdict, changes, skipped, reportDigest, impact } = page
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="content-security-policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`Impact of ${title}`}</title>
        <style></style>
      </head>
      <body>
        <main>
          <h1>Impact of {title}</h1>
          <p class="impact-verdict">Simulation Replay: {verdict}</p>
          <h2>What changes</h2>
          <List items={changes} none="No value." />
          <h2>What the change turns</h2>
          <ImpactView impact={impact} />
          <h2>What could not be replayed</h2>
          <List items={skipped.map(({ scenario, why }) => `${scenario}: ${why}`)} none="Every scenario of these policies was replayed." />
          {reportDigest === null ? null : (
            <p class="impact-digest">
              Made from the report whose canonical bytes have the digest <code>{reportDigest}</code>.
            </p>
          )}
        </main>
      </body>
    </html>
  )
}

function List({ items, none }: { items: readonly string[]; none: string }): JSX.Element {
  if (items.length === 0) return <p>{none}</p>
  return (
    <ul>
      {items.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  )
}

/** Complete style of the standalone page. The console has its own styles for the same class names. */
const IMPACT_STYLE = `
:root { color-scheme: light dark; --ink: #1b1b1b; --quiet: #565c65; --paper: #fff; --line: #8d9297; --after: #005ea2; --focus: #2491ff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f0f0; --quiet: #c6cace; --paper: #1b1b1b; --line: #8d9297; --after: #73b3e7; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.75rem; line-height: 1.2; }
h2 { font-size: 1.375rem; margin-top: 2rem; border-top: 1px solid var(--line); padding-top: 0.75rem; }
h3 { font-size: 1.0625rem; }
p, ul { max-width: 72ex; }
code, .impact-ids { font-family: ui-monospace, monospace; font-size: 0.875rem; }
.impact-verdict { font-weight: 700; }
.impact-scroll { overflow-x: auto; margin-bottom: 1rem; }
:focus-visible { outline: 0.25rem solid var(--focus); }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 700; padding-bottom: 0.25rem; }
th, td { text-align: left; padding: 0.25rem 0.5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.impact-table th, .impact-table td { overflow-wrap: normal; }
.impact-number { text-align: right; font-variant-numeric: tabular-nums; }
.impact-bars { display: block; min-width: 6rem; overflow: visible; }
.impact-before { fill: none; stroke: var(--quiet); stroke-width: 1.5; }
.impact-after { fill: var(--after); stroke: var(--after); stroke-width: 1.5; }
.impact-figure { margin: 0 0 1rem; max-width: 40rem; }
.impact-figure figcaption { font-weight: 700; }
.impact-plot { display: block; width: 100%; height: auto; }
.impact-grid { stroke: var(--line); stroke-width: 0.5; }
.impact-label { fill: var(--quiet); font-size: 10px; }
@media print { details > p { display: block; } }
`
