import type { PageContent } from '../layout/page.js'
import { SWAGGER } from './swagger-assets.js'

/** Swagger UI over the same document. Its files come from here, too: the page asks nobody else for anything. */
export async function swaggerPage(): Promise<PageContent> {
  return {
    title: 'Swagger UI',
    heading: 'Swagger UI',
    section: 'Docs',
    still: true,
    trail: [
      { href: '/docs', text: 'Documentation' },
      { href: '/docs/api', text: 'HTTP' },
    ],
    summary: 'Schemas in full, and requests to this installation.',
    styles: [SWAGGER.style],
    scripts: [SWAGGER.bundle, SWAGGER.start],
    body: (
      <>
        <noscript>
          <p>
            This view needs scripts. <a href="/docs/api">The list of routes</a> does not.
          </p>
        </noscript>
        <div id="swagger-ui" />
      </>
    ),
  }
}
