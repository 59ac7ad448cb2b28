import { invalid } from '../pane-bounds.js'

/** Normalises an origin. Throws `HMS_BRIDGE_PANE_INVALID` for `*`, `null` (a sandboxed frame), and a URL with more than an origin. */
export function namedOrigin(text: unknown): string {
  try {
    const { origin, protocol } = new URL(String(text))
    if (origin === text && !origin.includes('*') && (protocol === 'https:' || protocol === 'http:')) return origin
  } catch {
    // Not a URL: refused below.
  }
  throw invalid(`${String(text).slice(0, 200)} is not an origin such as https://panes.example.gov`)
}
