import type { PolicyBeside } from '#libs/contracts'

const MAX_SHOWN = 10

/** `Beside ozone-limit@1.0.0`: policies in force that were left as they are; nothing where there are none. */
export function besideLines(beside: readonly PolicyBeside[] = []): string[] {
  if (beside.length === 0) return []
  const shown = beside.slice(0, MAX_SHOWN).map(({ policy, version }) => `${policy}@${version}`)
  const rest = beside.length - shown.length
  return [`Beside ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`]
}
