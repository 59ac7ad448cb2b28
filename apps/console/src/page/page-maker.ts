import type { Clock } from '#libs/platform'
import type { ApiReader } from '../reading/api-reader.js'
import type { LayoutProps } from './layout.js'
import type { FoundPage } from './find-page.js'
import { renderPage } from './render.js'

/** Who asks for a page, and with which filters. */
export interface Asked {
  query: URLSearchParams
  authorization: string | undefined
}

/** Makes pages whole: reads what they show, and renders it. */
export class PageMaker {
  constructor(
    private readonly reader: ApiReader,
    private readonly assets: LayoutProps['assets'],
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async make({ page, params }: FoundPage, { query, authorization }: Asked): Promise<{ status: number; html: string }> {
    const now = this.clock.now()
    const read = this.reader.as(authorization)
    const content = await page.content({ read, health: (service) => this.reader.health(service), params, query, now })
    return { status: content.status ?? 200, html: renderPage({ content, assets: this.assets, now }) }
  }
}
