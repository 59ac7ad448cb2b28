import { readFileSync } from 'node:fs'

/** Text of a file of `docs`. Sources and `dist` lie at different depths below that folder. */
export function docsFile(name: string): string {
  const root = import.meta.url.endsWith('.ts') ? '../../../../' : '../../../../../'
  return readFileSync(new URL(`${root}docs/${name}`, import.meta.url), 'utf8')
}
