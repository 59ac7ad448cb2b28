/** Complete style of the standalone page. The console has its own styles for the same class names. */
export const IMPACT_STYLE = `
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
