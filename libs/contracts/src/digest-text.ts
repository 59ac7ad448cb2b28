/** `sha256:9f2c 41d0 …`: a digest as two people compare it, in groups of four. A text without an algorithm is grouped as it is. */
export function digestInGroups(digest: string): string {
  const at = digest.indexOf(':') + 1
  return digest.slice(0, at) + digest.slice(at).replaceAll(/(.{4})(?=.)/g, '$1 ')
}
