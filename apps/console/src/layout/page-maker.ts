import type { ServiceName } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiReader } from '../reading/api-reader.js'
import { verifiedReads, type VerifiedReads } from '../reading/read-verified.js'
import { type Header, type LayoutProps, renderPage } from './layout.js'
import type { PageContent, PageRequest } from './page.js'
import type { FoundPage } from './find-page.js'

/** Request for a page: its reader, and its filters. */
export interface Asked {
  query: URLSearchParams
  authorization: string | undefined
  /** Address, for dry-run limits. */
  client: string
  /** Missing in a live update of a page. */
  origin?: string
}

export interface ShownPage {
  status: number
  html: string
  /** Whether it never changes: a follower gets it once; it is not made again. */
  still: boolean
}

/** Sends a page that has no address of its own: the answer to a form, or 404. */
export type ShowAnswer = (request: FastifyRequest, reply: FastifyReply, content: PageContent) => Promise<FastifyReply>

/** Makes whole pages: reads what they show, and renders it. */
export class PageMaker {
  constructor(
    private readonly reader: ApiReader,
    private readonly assets: LayoutProps['assets'],
    private readonly clock: Pick<Clock, 'now'>,
    private readonly trust: Pick<VerifiedReads, 'roster' | 'url'> = { roster: undefined, url: '' },
    /** Name of the environment in the header, such as `dev`. */
    private readonly environment = '',
    private readonly readHeader?: (request: Pick<PageRequest, 'read' | 'health'>) => Promise<Header>,
    private readonly walkthrough?: PageRequest['walkthrough'],
  ) {}

  private readonly health = (service: ServiceName) => this.reader.health(service)

  async make({ page, params }: FoundPage, { query, authorization, client, ...asked }: Asked): Promise<ShownPage> {
    const now = this.clock.now()
    const read = page.still === true ? this.reader.anewAs(authorization) : this.reader.as(authorization)
    const send = this.reader.sendAs(authorization, client)
    const reads = verifiedReads({ ...this.trust, read: this.reader.exactAs(authorization), clock: this.clock })
    const request = { ...asked, ...reads, read, send, health: this.health, params, query, now, walkthrough: this.walkthrough }
    return this.show(page.content(request), authorization)
  }

  /** Renders a page below the header that `authorization` may read. */
  async show(made: PageContent | Promise<PageContent>, authorization: string | undefined): Promise<ShownPage> {
    const [content, header] = await Promise.all([made, this.readHeader?.({ read: this.reader.as(authorization), health: this.health })])
    const html = renderPage({ content, assets: this.assets, environment: this.environment, now: this.clock.now(), header })
    return { status: content.status ?? 200, html, still: content.still === true }
  }
}
