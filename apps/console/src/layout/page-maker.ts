import type { ServiceName } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import { readFacts, worldOf, type World } from '../home/world.js'
import type { ApiReader } from '../reading/api-reader.js'
import { verifiedReads, type VerifiedReads } from '../reading/read-verified.js'
import { type LayoutProps, renderPage } from './layout.js'
import type { PageContent } from './page.js'
import type { FoundPage } from './find-page.js'

/** Who asks for a page, and with which filters. */
export interface Asked {
  query: URLSearchParams
  authorization: string | undefined
  /** Address that dry runs count for. */
  client: string
  /** Missing for a page that is followed. */
  origin?: string
}

export interface ShownPage {
  status: number
  html: string
  still: boolean
}

/** Makes pages whole: reads what they show, and renders it. */
export class PageMaker {
  constructor(
    private readonly reader: ApiReader,
    private readonly assets: LayoutProps['assets'],
    private readonly clock: Pick<Clock, 'now'>,
    private readonly trust: Pick<VerifiedReads, 'roster' | 'url'> = { roster: undefined, url: '' },
    /** Name of the environment in the header, such as `dev`. */
    private readonly environment = '',
  ) {}

  async make({ page, params }: FoundPage, { query, authorization, client, ...asked }: Asked): Promise<ShownPage> {
    const now = this.clock.now()
    const read = page.still === true ? this.reader.anewAs(authorization) : this.reader.as(authorization)
    const send = this.reader.sendAs(authorization, client)
    const verified = verifiedReads({ ...this.trust, read: this.reader.exactAs(authorization), clock: this.clock })
    const health = (service: ServiceName) => this.reader.health(service)
    const facts = readFacts({ read: this.reader.as(authorization), health })
    return this.show(await page.content({ ...asked, read, verified, send, health, params, query, now }), worldOf(await facts))
  }

  /** Renders a page; one that answers a form has no state in its header. */
  show(content: PageContent, world?: World): ShownPage {
    const html = renderPage({ content, assets: this.assets, environment: this.environment, now: this.clock.now(), world })
    return { status: content.status ?? 200, html, still: content.still === true }
  }
}
