import type { JSX } from 'preact'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count } from '../layout/parts.js'
import { DocsFrame, entriesOf } from './docs-frame.js'
import { KINDS, readLibrary, type Doc, type Kind, type Section } from './library.js'
import { textIn } from '../forms/query.js'

const SHOWN = 50
const MAX_QUERY = 200

/** All documents by what they are for, or what a search found in them. */
export async function docsPage({ query }: PageRequest): Promise<PageContent> {
  const asked = textIn(query, 'q', MAX_QUERY)
  const docs = [...(await readLibrary()).values()]
  const hits = asked === '' ? [] : searchDocs(docs, asked)
  return {
    title: asked === '' ? 'Documentation' : `${asked} · Documentation`,
    heading: 'Documentation',
    section: 'Docs',
    still: true,
    summary: asked === '' ? `${count(docs.length, 'document')} of this version.` : foundText(hits, asked),
    body: (
      <DocsFrame docs={docs}>
        <form action="/docs" method="get" role="search" aria-label="Documentation" class="search">
          <label class="usa-label" for="q">
            Search the documentation
          </label>
          <input class="usa-input" id="q" name="q" type="search" value={asked} maxLength={MAX_QUERY} />
          <button type="submit" class="usa-button">
            Search
          </button>
        </form>
        {asked === '' ? <Catalogue docs={docs} /> : <Hits hits={hits} />}
      </DocsFrame>
    ),
  }
}

function foundText(hits: readonly Hit[], asked: string): string {
  if (hits.length === 0) return `Nothing holds all words of “${asked}”.`
  return `${count(hits.length, 'part')} about “${asked}”${hits.length > SHOWN ? `; the first ${SHOWN} are shown` : ''}.`
}

function Catalogue({ docs }: { docs: readonly Doc[] }): JSX.Element[] {
  return KINDS.filter((kind) => kind !== 'Decisions').map((kind) => (
    <section key={kind} aria-labelledby={`kind-${kind}`}>
      <h2 id={`kind-${kind}`}>{kind}</h2>
      <ul class="docs-list">
        {entriesOf(kind, docs).map(({ path, title, lead }) => (
          <li key={path}>
            <a href={`/docs/${path}`}>{title}</a>
            <span class="docs-lead">{lead}</span>
          </li>
        ))}
      </ul>
    </section>
  ))
}

function Hits({ hits }: { hits: readonly Hit[] }): JSX.Element | null {
  if (hits.length === 0) return null
  return (
    <ol class="hits">
      {hits.slice(0, SHOWN).map(({ doc, section, excerpt }) => (
        <li key={`${doc.path}#${section.id}`}>
          <a href={`/docs/${doc.path}${section.id === '' ? '' : `#${section.id}`}`}>
            {section.heading === '' || section.heading === doc.title ? doc.title : `${doc.title}: ${section.heading}`}
          </a>
          <span class="docs-kind"> {doc.kind}</span>
          <p>{excerpt}</p>
        </li>
      ))}
    </ol>
  )
}

interface Hit {
  doc: Doc
  section: Section
  /** Part of the text around the first place where a searched word occurs. */
  excerpt: string
}

const MAX_WORDS = 8

const EXCERPT = 160

/** Rank of the groups in a search: documents that say how to do something come before documents that describe it. */
const RANKS: Record<Kind, number> = { Tutorials: 0, 'How-to': 0, Reference: 1, Explanation: 2, Decisions: 3 }

/** Sections that contain every word of `query`, by the rank of their group; within it, those with the words in a heading first. */
export function searchDocs(docs: Iterable<Doc>, query: string): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS)
  if (words.length === 0) return []
  const hits: { hit: Hit; rank: number; score: number }[] = []
  for (const doc of docs) {
    for (const section of doc.sections) {
      const heading = `${doc.title} ${section.heading}`.toLowerCase()
      const whole = `${heading} ${section.text.toLowerCase()}`
      if (!words.every((word) => whole.includes(word))) continue
      const score =
        words.filter((word) => section.heading.toLowerCase().includes(word)).length * 2 +
        words.filter((word) => heading.includes(word)).length
      hits.push({ hit: { doc, section, excerpt: excerptOf(section.text, words) }, rank: RANKS[doc.kind], score })
    }
  }
  return hits.sort((a, b) => a.rank - b.rank || b.score - a.score).map(({ hit }) => hit)
}

function excerptOf(text: string, words: readonly string[]): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim()
  const lower = flat.toLowerCase()
  const found = words.map((word) => lower.indexOf(word)).filter((at) => at >= 0)
  const from = found.length === 0 ? 0 : Math.max(0, Math.min(...found) - 40)
  return `${from > 0 ? '…' : ''}${flat.slice(from, from + EXCERPT)}${from + EXCERPT < flat.length ? '…' : ''}`
}
