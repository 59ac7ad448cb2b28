import { createHash } from 'node:crypto'
import { printable, type SimulationImpact } from '#libs/contracts'
import type { JSX } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { ImpactView } from './impact-view.js'
import { IMPACT_STYLE } from './impact-style.js'

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
  // The policy allows only this style sheet, whatever a policy or a bot has in its texts.
  const style = createHash('sha256').update(IMPACT_STYLE).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'`
  const html = renderToString(<Page page={cleaned(page)} policy={policy} />)
  // The renderer would escape the style sheet's text.
  return `<!doctype html>\n${html.replace('<style></style>', `<style>${IMPACT_STYLE}</style>`)}\n`
}

/** Escapes characters that hide text or change its direction, whatever its source. */
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
          {changes.length === 0 ? (
            <p>No value.</p>
          ) : (
            <ul>
              {changes.map((change) => (
                <li key={change}>{change}</li>
              ))}
            </ul>
          )}
          <h2>What the change turns</h2>
          <ImpactView impact={impact} />
          <h2>What could not be replayed</h2>
          {skipped.length === 0 ? (
            <p>Every scenario of these policies was replayed.</p>
          ) : (
            <ul>
              {skipped.map(({ scenario, why }) => (
                <li key={scenario}>
                  {scenario}: {why}
                </li>
              ))}
            </ul>
          )}
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
