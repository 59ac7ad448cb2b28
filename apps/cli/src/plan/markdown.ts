import { describeMagnitude, valueText } from '#libs/policy'
import { countStates } from './compare-folder.js'
import type { Plan, PlannedPolicy } from './describe-plan.js'

/** Maximum characters; a comment on GitHub may have 65,536. */
const MAX_CHARACTERS = 60_000

/**
 * Renders a plan as a comment on a pull request: `outcome`, the lines of `plan` without colours, then tables. Text from a document or
 * service becomes code unless it is a plain word, so that it formats nothing and mentions no account.
 */
export function markdownLines({ verdict, policies, folder }: Plan, outcome: readonly string[]): string[] {
  const differing = folder?.filter(({ state }) => state !== 'unchanged').toSorted(changedFirst)
  const rows = differing?.map(({ state, id, live, version, file }) => [state, id, live ?? '', version ?? '', file ?? '']) ?? []
  const compared = folder && [`${countStates(folder)}.`, '', ...table(['state', 'policy', 'in force', 'version', 'file'], rows)]
  const block = outcome.map((line) => `    ${line}`)
  const lines = [`## Plan: ${verdict}`, '', ...block, '', ...(compared ?? []), ...policies.toSorted(changedFirst).flatMap(policyTable)]
  let used = 0
  const kept = lines.filter((line) => used + line.length < MAX_CHARACTERS && (used += line.length + 1) > 0) // guard: markdown-cut
  return kept.length === lines.length ? kept : [...kept, '', `… and ${lines.length - kept.length} more lines`]
}

/** Orders policies in force before new ones: a comment that is cut still shows what changes. */
function changedFirst(a: { live: string | null }, b: { live: string | null }): number {
  return Number(a.live === null) - Number(b.live === null)
}

function policyTable({ id, version, live, differences }: PlannedPolicy): string[] {
  const rows = differences.map((change) => {
    const { from, to } = change
    const cells = [from === undefined ? '' : valueText(from, to), to === undefined ? '' : valueText(to, from)]
    return [change.field, ...cells, change.units ?? '', describeMagnitude(change).join('; ')]
  })
  const heading = `### ${cell(id)} ${live === null ? '(first version)' : `${cell(live)} →`} ${cell(version)}`
  return [heading, '', ...table(['field', 'in force', 'planned', 'units', 'look twice'], rows)]
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = rows.map((row) => `| ${row.map(cell).join(' | ')} |`)
  if (lines.length === 0) return []
  return [`| ${headings.join(' | ')} |`, `|${' --- |'.repeat(headings.length)}`, ...lines, '']
}

function cell(text: string): string {
  // guard: markdown-code
  if (text === '' || /^(?:[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*|-?\d[\d.]*)$/u.test(text)) return text
  const ticks = '`'.repeat(1 + Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length)))
  const space = /^`|`$/.test(text) ? ' ' : ''
  // A bar would end the cell, also in code.
  return ticks + space + text.replaceAll('|', '\\|') + space + ticks
}
