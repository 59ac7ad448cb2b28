import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { isHeading, readLibrary, type Doc } from './library.js'
import { Markdown } from './markdown.js'

const TRAIL = [{ href: '/docs', text: 'Documentation' }]

/** One document. Its address has one, two or three parts: `/docs/how-to/alerts/targets-down`. */
export async function docPage({ params }: PageRequest): Promise<PageContent> {
  const path = [params['folder'], params['group'], params['name']].filter((part) => part !== undefined).join('/')
  const doc = readLibrary().get(path) ?? readLibrary().get(`${path}/index`)
  if (doc === undefined) return noDocument(path.slice(0, 100))
  return {
    title: doc.title,
    heading: doc.title,
    section: 'Docs',
    still: true,
    trail: TRAIL,
    summary: `${doc.kind}, of this version.`,
    body: (
      <>
        <Contents doc={doc} />
        <Markdown doc={doc} />
      </>
    ),
  }
}

/** What a long document holds, for who does not want to scroll. */
function Contents({ doc }: { doc: Doc }): JSX.Element | null {
  const parts = doc.sections.filter(({ id, heading }) => id !== '' && heading !== doc.title)
  const second = new Set(
    doc.tokens
      .filter(isHeading)
      .filter(({ depth }) => depth === 2)
      .map(({ text }) => text),
  )
  const shown = parts.filter(({ heading }) => second.has(heading) || second.size === 0)
  if (shown.length < 4) return null
  return (
    <nav aria-label="In this document">
      <ul class="contents">
        {shown.map(({ id, heading }) => (
          <li key={id}>
            <a href={`#${id}`}>{heading}</a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function noDocument(path: string): PageContent {
  return {
    status: 404,
    title: 'No such document',
    heading: `No document ${path}`,
    section: 'Docs',
    still: true,
    trail: TRAIL,
    summary: 'This version has no document of that name.',
    body: (
      <None>
        <a href="/docs">All documents</a>
      </None>
    ),
  }
}
