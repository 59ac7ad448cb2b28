import { renderToString } from 'preact-render-to-string'
import { Layout, type LayoutProps } from './layout.js'

/** The whole page as text. Preact escapes every text and attribute; no view sets HTML by itself. */
export function renderPage(props: LayoutProps): string {
  return `<!doctype html>\n${renderToString(<Layout {...props} />)}\n`
}
