import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

const IS_SOURCE = import.meta.url.endsWith('.ts')
const FOLDER = new URL(IS_SOURCE ? '../../assets/' : '../../../../../apps/console/assets/', import.meta.url)
/** Where the build puts what it bundles for browsers. */
const BUNDLES = new URL(IS_SOURCE ? '../../../../dist/browser/' : '../../../../browser/', import.meta.url)

export interface Asset {
  /** With the hash of its text, so that it may be kept for good. */
  href: string
  path: string
  type: string
  hash: string
  body: Buffer
}

const SCRIPT = 'text/javascript; charset=utf-8'

/** Style sheet, scripts and icon: small files of our own, read once. */
export function readAssets(): Record<
  'style' | 'script' | 'icon' | 'panes' | 'paneFrame' | 'paneView' | 'swaggerStart' | 'docs' | 'consequence',
  Asset
> {
  return {
    style: read('console.css', 'text/css; charset=utf-8'),
    script: read('console.js', SCRIPT),
    icon: read('icon.svg', 'image/svg+xml'),
    panes: read('panes.js', SCRIPT),
    paneFrame: read('pane-frame.js', SCRIPT),
    paneView: read('pane-view.js', SCRIPT),
    swaggerStart: read('swagger-start.js', SCRIPT),
    docs: read('docs.js', SCRIPT),
    consequence: read('consequence.js', SCRIPT),
  }
}

/** What the build has bundled for browsers; `undefined` where nothing was built: a console that runs from its sources. */
export function readBundle(name: 'bridge.js' | 'pane.js' | 'sign.js' | 'check.js'): Asset | undefined {
  return existsSync(new URL(name, BUNDLES)) ? read(name, SCRIPT, BUNDLES) : undefined
}

function read(name: string, type: string, folder = FOLDER): Asset {
  const body = readFileSync(new URL(name, folder))
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  const path = `/console/${name}`
  return { href: `${path}?v=${hash}`, path, type, hash, body }
}
