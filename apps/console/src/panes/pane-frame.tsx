import type { PolicyView } from '#libs/contracts'
import { renderToString } from 'preact-render-to-string'
import { PAGE_HEADERS } from '../layout/page-headers.js'
import type { LayoutProps } from '../layout/layout.js'
import type { Read } from '../reading/answer.js'
import { Pane, WATER } from './pane.js'

export const FRAME_PATH = '/console/pane-frame'

/** The one page of ours that another one of ours may hold. */
export const FRAME_HEADERS: Readonly<Record<string, string>> = {
  ...PAGE_HEADERS,
  'content-security-policy': PAGE_HEADERS['content-security-policy']!.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
  'x-frame-options': 'SAMEORIGIN',
}

/** A pane as a document of its own. */
export async function paneFrame(read: Read, assets: LayoutProps['assets']): Promise<string> {
  const answer = await read<PolicyView>(`/v1/policies/${WATER.policy}`)
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${WATER.title} · HMS-SVC`}</title>
        <link rel="stylesheet" href={assets.style} />
        <link rel="icon" href={assets.icon} type="image/svg+xml" />
        <script src={assets.paneFrame} type="module" />
      </head>
      <body>
        <main class="pane-document">
          <Pane sample={WATER} answer={answer} mark="data-pane-in-frame" />
        </main>
      </body>
    </html>
  )
  return `<!doctype html>\n${renderToString(page)}\n`
}
