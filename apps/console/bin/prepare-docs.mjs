// Renders the documents in `docs` for the console. Plain Node: the build runs it; a console that runs from sources imports it.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Marked } from 'marked'

const DOCS = new URL('../../../docs/', import.meta.url)
/** Stands for `docs` while a link is resolved: a link that leaves it has another address. */
const ROOT = 'http://package/docs/'
/** Width that a picture may have without a scroll area of its own. */
const PAGE_PX = 640
/** Folder from which the compiled console reads them. */
const PREPARED = new URL('../../../dist/apps/console/docs.json', import.meta.url)

/** Groups in the order of the sidebar, and the documents that begin a group; the others follow by name. */
const KINDS = ['Tutorials', 'How-to', 'Reference', 'Explanation', 'Decisions']
const FIRST = ['official', 'bot-author', 'partner', 'operator'].map((name) => `tutorials/${name}`)
FIRST.push('how-to/testing-a-program', 'how-to/receive-webhooks', 'reference', 'how-it-works')

/** Returns every Markdown file as a `Doc` in reading order, and every SVG file as a `Picture`; see `library.ts`. */
export function prepareDocs() {
  const names = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  const pictures = names
    .filter((name) => name.endsWith('.svg'))
    .sort()
    .map(preparePicture)
  const files = names.filter((name) => name.endsWith('.md')).sort()
  const site = {
    paths: new Set(files.map(pathOf)),
    pictures: new Map(pictures.map((picture) => [picture.name, picture])),
  }
  const docs = files.map((name) => prepareDoc(name, readFileSync(new URL(name, DOCS), 'utf8'), site)).sort(byReadingOrder)
  for (const [at, doc] of docs.entries()) {
    const next = docs[at + 1]
    if (next !== undefined) doc.next = { path: next.path, title: next.title }
  }
  return { docs, pictures }
}

function byReadingOrder(a, b) {
  const placeOf = ({ path }) => (FIRST.includes(path) ? FIRST.indexOf(path) : FIRST.length)
  // A folder within a group follows the documents of the group, and begins with its index.
  const depthOf = ({ path }) => (path.split('/').length > 2 ? 1 : 0)
  const isIndex = ({ path }) => (path.endsWith('/index') ? 0 : 1)
  const nameOf = ({ kind, path, title }) => (kind === 'Decisions' ? path : title.toLowerCase())
  const kinds = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind)
  return kinds || placeOf(a) - placeOf(b) || depthOf(a) - depthOf(b) || isIndex(a) - isIndex(b) || (nameOf(a) < nameOf(b) ? -1 : 1)
}

/** Renders one document. Raw HTML in it is dropped; every other character of a text is escaped. */
export function prepareDoc(name, markdown, site) {
  const path = pathOf(name)
  const headings = []
  const renderer = {
    heading({ depth, tokens }) {
      const heading = headings.find((each) => each.tokens === tokens)
      const words = this.parser.parseInline(tokens)
      // A heading in a list or a quote has no address.
      if (heading === undefined) return `<p>${words}</p>\n`
      // The page shows the title of the document as its own.
      return depth === 1 ? '' : `<h${depth} id="${heading.id}">${words}</h${depth}>\n`
    },
    html: () => '',
    // marked leaves a text inside inline `<code>`, `<pre>` or `<script>` unescaped, and its tags are dropped here.
    text(token) {
      return token.tokens === undefined ? escaped(unescaped(token.text)) : this.parser.parseInline(token.tokens)
    },
    code({ text, lang }) {
      if (lang === 'mermaid') throw new Error(`${name}: a diagram is an SVG file beside the page`)
      return `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`
    },
    table(token) {
      const label = token.header.map((cell) => textOf(cell.tokens)).join(', ')
      const row = (cells, open, close) => `<tr>${cells.map((cell) => open + this.parser.parseInline(cell.tokens) + close).join('')}</tr>`
      const head = row(token.header, '<th scope="col">', '</th>')
      const body = token.rows.map((cells) => row(cells, '<td>', '</td>')).join('\n')
      const table = `<table class="usa-table"><thead>${head}</thead><tbody>${body}</tbody></table>`
      return `<div class="usa-table-container--scrollable" tabindex="0" role="group" aria-label="${escaped(label)}">${table}</div>\n`
    },
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens)
      const address = resolveLink(path, href, site)
      return address === undefined ? text : `<a href="${escaped(address)}">${text}</a>`
    },
    image({ href, text }) {
      const alt = escaped(unescaped(text))
      const target = URL.canParse(href, ROOT + path) ? new URL(href, ROOT + path).href : ''
      const picture = target.startsWith(ROOT) ? site.pictures.get(target.slice(ROOT.length)) : undefined
      if (picture === undefined) return `<em>${alt}</em>`
      const image = `<img src="${picture.href}" alt="${alt}" width="${picture.width}" height="${picture.height}" loading="lazy">`
      return picture.width <= PAGE_PX ? image : `<span class="picture" tabindex="0" role="group" aria-label="Picture">${image}</span>`
    },
  }
  const marked = new Marked({ renderer })
  const tokens = marked.lexer(markdown)
  const sections = [{ id: '', heading: '', text: '' }]
  const idOf = headingIds()
  for (const token of tokens) {
    if (token.type !== 'heading') sections.at(-1).text += ` ${textOf([token])}`
    else {
      const heading = textOf(token.tokens)
      headings.push({ tokens: token.tokens, depth: token.depth, id: idOf(heading), heading })
      sections.push({ id: headings.at(-1).id, heading, text: '' })
    }
  }
  const below = headings.filter(({ depth }) => depth > 1)
  const second = below.filter(({ depth }) => depth === 2)
  const contents = (second.length > 0 ? second : below).map(({ id, heading }) => ({ id, heading }))
  const title = headings[0]?.heading ?? basename(path)
  // A document that begins with its title has nothing before it.
  if (sections[0].text.trim() === '') sections.shift()
  return { path, title, kind: kindOf(path), lead: leadOf(tokens), next: null, html: marked.parser(tokens), contents, sections }
}

/** Returns the first sentences of a document that begins with words, up to 160 characters; else an empty text. */
function leadOf(tokens) {
  const first = tokens.find(({ type }) => type !== 'heading' && type !== 'space')
  const text = first?.type === 'paragraph' ? textOf(first.tokens).replaceAll(/\s+/g, ' ') : ''
  return /^.{1,160}[.:](?= |$)/.exec(text)?.[0].replace(/:$/, '.') ?? ''
}

/** Path of a Markdown file below `/docs/`. */
function pathOf(name) {
  return name.replace(/\.md$/, '').replace(/(^|\/)README$/, '$1index')
}

function kindOf(path) {
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
  if (folder === 'tutorials') return 'Tutorials'
  if (folder === 'how-to') return 'How-to'
  if (folder === 'adr') return 'Decisions'
  return folder === 'explanation' || folder === 'stages' || path === 'reliability' || path === 'how-it-works' ? 'Explanation' : 'Reference'
}

/** Makes ids of the headings of one document as code hosts do, so that a link to a heading works in both places. */
function headingIds() {
  const seen = new Map()
  return (heading) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    return before === 0 ? slug : `${slug}-${before}`
  }
}

/** Returns the address of a link: of another document, or elsewhere; `undefined` for a file that is not served. */
export function resolveLink(path, href, site) {
  if (href.startsWith('#') || /^https?:\/\//i.test(href)) return href
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return undefined
  if (!URL.canParse(href, ROOT + path)) return undefined
  const target = new URL(href, ROOT + path)
  if (!target.href.startsWith(ROOT)) return undefined
  const name = target.href.slice(ROOT.length).split(/[?#]/)[0]
  if (name === 'openapi.json' || name === 'asyncapi.json') return `/${name}`
  return site.paths.has(pathOf(name)) ? `/docs/${pathOf(name)}${target.hash}` : undefined
}

function preparePicture(name) {
  const svg = readFileSync(new URL(name, DOCS), 'utf8')
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(svg) ?? []
  return {
    name,
    href: `/console/pictures/${name.replace(/^pictures\//, '')}?v=${hashOf(svg, 'hex').slice(0, 16)}`,
    width: Number(width),
    height: Number(height),
    svg,
    policy: `default-src 'none'; style-src 'sha256-${hashOf(style, 'base64')}'; frame-ancestors 'none'`,
  }
}

function hashOf(text, encoding) {
  return createHash('sha256').update(text).digest(encoding)
}

/** Returns the words of Markdown without its marks. */
function textOf(tokens) {
  return tokens.map(wordsOf).join('')
}

function wordsOf(token) {
  if (token.type === 'table') return [token.header, ...token.rows].map((row) => row.map((cell) => textOf(cell.tokens)).join(' ')).join(' ')
  if (token.type === 'list') return token.items.map((item) => textOf(item.tokens)).join(' ')
  if (token.type === 'html' || token.type === 'def') return ''
  if (token.tokens !== undefined) return textOf(token.tokens)
  if (token.type === 'codespan' || token.type === 'code') return token.text
  return unescaped(token.text ?? ' ')
}

const CHARACTERS = { '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '&': '&amp;' }
const NAMED = Object.fromEntries(Object.entries(CHARACTERS).map(([character, name]) => [name, character]))

function escaped(text) {
  return text.replaceAll(/[<>"'&]/g, (character) => CHARACTERS[character])
}

/** Markdown may name characters as HTML does. */
function unescaped(text) {
  return text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (name) => NAMED[name])
}

if (process.argv[2] === '--write') writeFileSync(PREPARED, JSON.stringify(prepareDocs()))
