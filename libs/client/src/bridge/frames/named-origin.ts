import { invalid } from '../pane-bounds.js'

/** An origin as browsers write it. Throws `HMS_BRIDGE_PANE_INVALID` for `*`, `null` (a sandboxed frame), and an address with more in it. */
export function namedOrigin(text: unknown): string {
  try {
    const { origin, protocol } = new URL(String(text))
    if (origin === text && !origin.includes('*') && (protocol === 'https:' || protocol === 'http:')) return origin
  } catch {
    // No address at all: refused below.
  }
  throw invalid(`${String(text).slice(0, 200)} is not an origin such as https://panes.example.gov`)
}
