import { readdirSync, readFileSync } from 'node:fs'

/** `docs` of the package. Sources and `dist` lie at different depths below it. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../../docs/' : '../../../../../docs/', import.meta.url)

/** Text of a file of `docs`. */
export function docsFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8')
}

/** Every Markdown file of `docs` by its path below it, with slashes, in order. */
export function docsPages(): string[] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return names.map((name) => name.replaceAll('\\', '/')).sort()
}
