import { marked } from 'marked'
import { expect, it } from 'vitest'
import type { Json } from '#libs/contracts'
import type { Plan } from './describe-plan.js'
import { markdownLines } from './markdown.js'

function rendered(field: string, value: Json, outcome: string[] = []): string {
  const differences = [{ field, from: 1, to: value, kind: 'changed' as const }]
  const policies = [{ id: 'p', version: '2.0.0', live: '1.0.0', differences, bots: null, refusedFallbacks: [] }]
  const plan: Plan = { verdict: 'PASS', policies, findings: [], simulation: null, holds: [] }
  return marked.parse(markdownLines(plan, outcome).join('\n'), { async: false })
}

const cells = (html: string): string[] => [...html.matchAll(/<td>(.*?)<\/td>/gs)].map(([, text]) => text!)

it.each([
  ['@everyone and #12', '<code>&quot;@everyone and #12&quot;</code>'],
  ['a | b \\| c', '<code>&quot;a | b \\\\| c&quot;</code>'],
  ['<img src=x>', '<code>&quot;&lt;img src=x&gt;&quot;</code>'],
  ['`tick` and ``two``', '<code>&quot;`tick` and ``two``&quot;</code>'],
  ['[a](https://x.example) **b** _c_', '<code>&quot;[a](https://x.example) **b** _c_&quot;</code>'],
  ['two\nlines', '<code>&quot;two\\nlines&quot;</code>'],
])('shows the value %j as it is, in one cell', (value, html) => {
  expect(cells(rendered('limit', value)).slice(0, 3)).toEqual(['limit', '1', html])
})

it.each([
  ['of another page', 'www.evil.example'],
  ['with underscores', 'a_b_c'],
  ['of a backtick', '`'],
  ['with a bar', '| x'],
  ['that mentions', '@team'],
])('shows the field %s as code', (_what, field) => {
  expect(cells(rendered(field, 2))[0]).toBe(`<code>${field}</code>`)
})

it('keeps what services say in one block of text', () => {
  const html = rendered('limit', 2, ['• Simulation PASS', '```', '<b>@team</b>', '````'])
  expect(html.match(/<pre>.*<\/pre>/s)![0]).toContain('```\n&lt;b&gt;@team&lt;/b&gt;\n````\n')
})

it('is no longer than a comment may be, and says how much is left out', () => {
  const text = rendered(
    'limit',
    2,
    Array.from({ length: 5_000 }, (_, at) => `line ${at} of the outcome`),
  )
  expect(text.length).toBeLessThan(65_000)
  expect(text).toMatch(/… and \d+ more lines/)
})

it('cuts lines that do not fit, and new policies before changed ones, so that a change stays visible', () => {
  const policy = { version: '2.0.0', bots: null, refusedFallbacks: [] }
  const added = Array.from({ length: 200 }, (_, at) => ({
    ...policy,
    id: `a-${at}`,
    live: null,
    differences: [{ field: 'note', from: undefined, to: 'x'.repeat(300), kind: 'added' as const }],
  }))
  const long = { field: 'abstract', from: undefined, to: 'x'.repeat(70_000), kind: 'added' as const }
  const limit = { field: 'limit', from: 25, to: 250, kind: 'changed' as const, units: 'ug_per_m3' }
  const policies = [...added, { ...policy, id: 'pm25', live: '1.0.0', differences: [long, limit] }]
  const states = policies.map(({ id, live, version }) => ({
    state: live === null ? ('new' as const) : ('changed' as const),
    id,
    live,
    version,
  }))
  const kept = Array.from({ length: 1_000 }, (_, at) => ({ state: 'unchanged' as const, id: `u-${at}`, live: '1.0.0', version: '1.0.0' }))
  const folder = [...states, ...kept].map((state) => ({ ...state, file: `policies/${state.id}/${'y'.repeat(300)}.yaml` }))
  const text = markdownLines({ verdict: 'PASS', policies, folder, findings: [], simulation: null, holds: [] }, []).join('\n')
  expect(text).toContain('| limit | 25 | 250 |')
  expect(text).toMatch(/\| changed \| pm25 \| 1\.0\.0 \|/)
  expect(text).toMatch(/… and \d+ more lines$/)
})
