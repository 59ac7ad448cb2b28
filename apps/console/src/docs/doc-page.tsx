import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { COPY_SCRIPT, DocsFrame, placeInDocs } from './docs-frame.js'
import { readLibrary, type Doc } from './library.js'

/** One document. Its address has one, two or three parts: `/docs/how-to/alerts/targets-down`. */
export async function docPage({ params }: PageRequest): Promise<PageContent> {
  const path = [params['folder'], params['group'], params['name']].filter((part) => part !== undefined).join('/')
  const library = await readLibrary()
  const doc = library.get(path) ?? library.get(`${path}/index`)
  if (doc === undefined) return noDocument(path.slice(0, 100))
  return {
    ...placeInDocs(doc.title),
    summary: `${doc.kind}, of this version.`,
    scripts: [COPY_SCRIPT],
    body: (
      <DocsFrame docs={[...library.values()]} path={doc.path} next={doc.next}>
        <Contents {...doc} />
        <div class="prose" dangerouslySetInnerHTML={{ __html: doc.html }} />
      </DocsFrame>
    ),
  }
}

/** Contents of a document of at least four parts. */
function Contents({ contents }: Doc): JSX.Element | null {
  if (contents.length < 4) return null
  return (
    <nav aria-label="In this document">
      <ul class="contents">
        {contents.map(({ id, heading }) => (
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
    ...placeInDocs('No such document'),
    heading: `No document ${path}`,
    summary: 'This version has no document of that name.',
    body: (
      <None>
        <a href="/docs">All documents</a>
      </None>
    ),
  }
}
