import { readdirSync, readFileSync } from 'node:fs'

/** Folder `docs` of the package. Sources and `dist` are at different depths below the package root. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../../docs/' : '../../../../../docs/', import.meta.url)

/** Returns the text of a file in `docs`. */
export function docsFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8')
}

/** Returns the names of the SVG files in `docs/pictures`, sorted. */
export function docsPictures(): string[] {
  return readdirSync(new URL('pictures/', FOLDER))
    .filter((name) => name.endsWith('.svg'))
    .sort()
}

/** Returns the paths of all Markdown files in `docs`, relative, with slashes, sorted. */
export function docsPages(): string[] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return names.map((name) => name.replaceAll('\\', '/')).sort()
}
