/**
 * Formats a digest for comparison by people, in groups of four: `sha256:9f2c 41d0 …`. A text without an algorithm prefix is grouped as a
 * whole.
 */
export function digestInGroups(digest: string): string {
  const at = digest.indexOf(':') + 1
  return digest.slice(0, at) + digest.slice(at).replaceAll(/(.{4})(?=.)/g, '$1 ')
}
