import { docsFile, docsPages } from '#libs/platform'
import { lexer, type Token, type Tokens } from 'marked'
import { basename } from 'node:path'
import { readPictures, type Picture } from './pictures.js'
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
    docsPages()
      .map(readDoc)
      .map((doc) => [doc.path, doc]),
  )
  return library
}

let library: Map<string, Doc> | undefined

function readDoc(name: string): Doc {
  const tokens = lexer(docsFile(name))
  const path = pathOf(name)
  const title = tokens.find(isHeading)
  return {
    path,
    title: title === undefined ? basename(path) : textOf(title.tokens),
    kind: kindOf(path),
    tokens,
    sections: sectionsOf(tokens),
  }
}

/** Of a Markdown file, as its address names it. */
function pathOf(name: string): string {
  return name.replace(/\.md$/, '').replace(/(^|\/)README$/, '$1index')
}

function kindOf(path: string): Kind {
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
  if (folder === 'tutorials') return 'Tutorials'
  if (folder === 'how-to') return 'How to'
  if (folder === 'adr') return 'Decisions'
  return folder === 'explanation' || folder === 'stages' || path === 'reliability' || path === 'how-it-works' ? 'Explanation' : 'Reference'
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
  const target = new URL(href, `${ROOT}${from.path}`)
  if (!target.href.startsWith(ROOT)) return undefined
  const name = target.href.slice(ROOT.length).split(/[?#]/)[0]!
  if (name === 'openapi.json' || name === 'asyncapi.json') return `/${name}`
  return readLibrary().has(pathOf(name)) ? `/docs/${pathOf(name)}${target.hash}` : undefined
}

/** Returns the drawing that an image of a document names; `undefined` for any other image. */
export function resolvePicture(from: Doc, href: string): Picture | undefined {
  const target = new URL(href, `${ROOT}${from.path}`)
  return target.href.startsWith(ROOT) ? readPictures().get(target.href.slice(ROOT.length)) : undefined
}

/** Stands for `docs` while a link is resolved: what leads out of it leads to another address. */
const ROOT = 'http://package/docs/'
