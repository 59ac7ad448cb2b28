import type { PolicyBeside } from '#libs/contracts'

const MAX_SHOWN = 10

/** Formats `Beside ozone-limit@1.0.0`: policies in force that the run does not change; empty without any. */
export function besideLines(beside: readonly PolicyBeside[] = []): string[] {
  if (beside.length === 0) return []
  const shown = beside.slice(0, MAX_SHOWN).map(({ policy, version }) => `${policy}@${version}`)
  const rest = beside.length - shown.length
  return [`Beside ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`]
}
