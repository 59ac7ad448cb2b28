import type { Page } from './page.js'

export interface FoundPage {
  page: Page
  params: Record<string, string>
}

/** The page of a path, by patterns such as `/runs/:number`, for paths that do not come from the router. */
export function findPage(pages: readonly Page[], path: string): FoundPage | undefined {
  const asked = partsOf(path)
  for (const page of pages) {
    const wanted = partsOf(page.path)
    if (wanted.length !== asked.length) continue
    if (wanted.every((part, index) => part.startsWith(':') || part === asked[index])) {
      const named = wanted.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), decoded(asked[index]!)]] : []))
      return { page, params: Object.fromEntries(named) as Record<string, string> }
    }
  }
  return undefined
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
