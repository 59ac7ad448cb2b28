import type { ComponentChildren, JSX } from 'preact'
import type { PageContent } from '../layout/page.js'
import { KINDS, type Doc, type Kind } from './library.js'

type Entry = Pick<Doc, 'path' | 'title'>

/** Generated pages, listed among the documents of the reference. */
const INTERFACES = [
  { path: 'api', title: 'HTTP', lead: 'Each path with its parameters, an example and its responses.' },
  { path: 'events', title: 'Events', lead: 'Each topic and type of event with its schema.' },
]

/** The entries of a group outside folders; a folder within a group has lists of its own. */
export function entriesOf(kind: Kind, docs: readonly Doc[]): (Entry & { lead: string })[] {
  return [...(kind === 'Reference' ? INTERFACES : []), ...docs.filter((doc) => doc.kind === kind && !isNested(doc))]
}

const isNested = ({ path }: Entry): boolean => path.split('/').length > 2

/** Address of the script that adds a copy button to each block of code. */
export const COPY_SCRIPT = '/console/docs.js'

/** Title, section and trail of a page below the list of documents. `above`: pages between the two. */
export function placeInDocs(title: string, ...above: { href: string; text: string }[]) {
  const trail = [{ href: '/docs', text: 'Documentation' }, ...above]
  return { title, section: 'Docs', still: true, trail } satisfies Partial<PageContent>
}

export function DocsFrame(props: { docs: readonly Doc[]; path?: string; next?: Entry | null; children: ComponentChildren }): JSX.Element {
  const { docs, path, next, children } = props
  return (
    <div class="docs">
      <nav aria-label="Documentation" class="docs-side" tabIndex={0}>
        <details class="docs-menu">
          <summary>All documents</summary>
          {KINDS.map((kind) => (
            <Group key={kind} kind={kind} docs={docs} path={path} />
          ))}
        </details>
      </nav>
      <div class="docs-page">
        {children}
        {next === undefined ? null : (
          <p class="docs-next">
            Next:{' '}
            <a rel="next" href={next === null ? '/docs' : `/docs/${next.path}`}>
              {next === null ? 'All documents' : next.title}
            </a>
          </p>
        )}
      </div>
    </div>
  )
}

/** One group of the sidebar. Decisions, and the documents of a folder within a group, are folded unless one of them is open. */
function Group({ kind, docs, path }: { kind: Kind; docs: readonly Doc[]; path: string | undefined }): JSX.Element {
  const entries = entriesOf(kind, docs)
  if (kind === 'Decisions') return <Fold title={kind} entries={entries} path={path} />
  const nested = docs.filter((doc) => doc.kind === kind && isNested(doc))
  const id = `docs-${kind.toLowerCase()}`
  return (
    <>
      <p id={id}>{kind}</p>
      <Links label={id} entries={entries} path={path} />
      {nested.length === 0 ? null : <Fold title={nested[0]!.title} entries={nested} path={path} />}
    </>
  )
}

function Fold({ title, entries, path }: { title: string; entries: readonly Entry[]; path: string | undefined }): JSX.Element {
  return (
    <details open={entries.some((entry) => entry.path === path)}>
      <summary>{title}</summary>
      <Links entries={entries} path={path} />
    </details>
  )
}

function Links({ label, entries, path }: { label?: string; entries: readonly Entry[]; path: string | undefined }): JSX.Element {
  return (
    <ul aria-labelledby={label}>
      {entries.map((entry) => (
        <li key={entry.path}>
          <a href={`/docs/${entry.path}`} aria-current={entry.path === path ? 'page' : undefined}>
            {entry.title}
          </a>
        </li>
      ))}
    </ul>
  )
}
