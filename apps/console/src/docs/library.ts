import { lexer, type Token, type Tokens } from 'marked'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { FOLDER } from './folder.js'
import { textOf } from './token-text.js'

/** What a document is for, in the order of the list of documents. */
export const KINDS = ['Tutorials', 'How to', 'Reference', 'Explanation', 'Decisions'] as const
export type Kind = (typeof KINDS)[number]

/** A part of a document under one heading, which is what a search finds. */
export interface Section {
  /** Of the heading, as the address names it; empty for what stands above the first one. */
  id: string
  heading: string
  text: string
}

export interface Doc {
  /** Below `/docs/`, without the ending. */
  path: string
  title: string
  kind: Kind
  tokens: Token[]
  sections: Section[]
}

/** The documents of this version by their path. They belong to the program and do not change while it runs: read once, when first asked. */
export function readLibrary(): ReadonlyMap<string, Doc> {
  library ??= new Map(
    readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => readDoc(name.replaceAll('\\', '/')))
      .map((doc) => [doc.path, doc]),
  )
  return library
}

let library: Map<string, Doc> | undefined

function readDoc(name: string): Doc {
  const tokens = lexer(readFileSync(new URL(name, FOLDER), 'utf8'))
  const path = name.replace(/\.md$/, '').replace(/(^|\/)README$/, '$1index')
  const title = tokens.find(isHeading)
  return {
    path,
    title: title === undefined ? basename(path) : textOf(title.tokens),
    kind: kindOf(path),
    tokens,
    sections: sectionsOf(tokens),
  }
}

function kindOf(path: string): Kind {
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
  if (folder === 'tutorials') return 'Tutorials'
  if (folder === 'how-to') return 'How to'
  if (folder === 'adr') return 'Decisions'
  return folder === 'explanation' || folder === 'stages' || path === 'reliability' ? 'Explanation' : 'Reference'
}

export function isHeading(token: Token): token is Tokens.Heading {
  return token.type === 'heading'
}

function sectionsOf(tokens: readonly Token[]): Section[] {
  const idOf = headingIds()
  const sections: Section[] = [{ id: '', heading: '', text: '' }]
  for (const token of tokens) {
    if (isHeading(token)) sections.push({ id: idOf(token), heading: textOf(token.tokens), text: '' })
    else sections.at(-1)!.text += ` ${textOf([token])}`
  }
  return sections
}

/** Names the headings of one document in their order, as the address of a part: as code hosts do, so that links hold in both places. */
export function headingIds(): (heading: Tokens.Heading) => string {
  const seen = new Map<string, number>()
  return ({ tokens }) => {
    const slug = textOf(tokens)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    return before === 0 ? slug : `${slug}-${before}`
  }
}

/**
 * Where a link of a document leads when the document is read here: to another one, to an address elsewhere, or `undefined` for a file
 * that is not served.
 */
export function resolveLink(from: Doc, href: string): string | undefined {
  if (href.startsWith('#')) return href
  if (/^https?:\/\//i.test(href)) return href
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return undefined
  const target = new URL(href, `http://docs/${from.path}`)
  if (target.host !== 'docs') return undefined
  const path = target.pathname.slice(1)
  if (path === 'openapi.json' || path === 'asyncapi.json') return `/${path}`
  const doc = path.replace(/\.md$/, '').replace(/(^|\/)README$/, '$1index')
  return href.startsWith('../'.repeat(depthOf(from) + 1)) || !readLibrary().has(doc) ? undefined : `/docs/${doc}${target.hash}`
}

function depthOf({ path }: Doc): number {
  return dirname(path) === '.' ? 0 : path.split('/').length - 1
}
