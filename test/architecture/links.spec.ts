import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EVENT_TYPES } from '#libs/contracts'
import { ROOT, sourcesOf } from './root.js'

const PAGES = [
  ...sourcesOf('docs', /\.md$/),
  ...['README.md', '.github/CONTRIBUTING.md', 'libs/contracts/GLOSSARY.md'].map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  })),
]

interface Link {
  label: string
  isImage: boolean
  /** Path below the root. */
  file: string
  anchor: string | undefined
}

/** The relative links of a page; code blocks and inline code are left out. */
function linksOf({ path, text }: { path: string; text: string }): Link[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '``')
  return [...prose.matchAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g)]
    .filter(([, , , target]) => !/^[a-z]+:|^\//.test(target!))
    .map(([, bang, label, target]) => {
      const [file, anchor] = target!.split('#')
      return { label: label!, isImage: bang === '!', file: file === '' ? path : normalize(join(dirname(path), file!)), anchor }
    })
}

/** Addresses of the headings of a Markdown text, as code hosts make them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  )
}

describe('links of the pages', () => {
  it.each(PAGES.map((page) => [page.path, page] as const))('%s: each leads to a file, and to a heading of it', (_path, page) => {
    const lost = linksOf(page).filter(({ file, anchor }) => {
      if (!existsSync(join(ROOT, file))) return true
      if (anchor === undefined || !file.endsWith('.md') || /^L\d+/.test(anchor)) return false
      return !anchorsOf(readFileSync(join(ROOT, file), 'utf8')).some((id) => anchor === id || anchor.replace(/-\d+$/, '') === id)
    })
    expect(lost).toEqual([])
  })

  it('lead to each page of docs from another one', () => {
    const linked = new Set(PAGES.flatMap((page) => linksOf(page).flatMap(({ file }) => (file === page.path ? [] : [file]))))
    expect(PAGES.filter(({ path }) => path.startsWith('docs/') && !linked.has(path)).map(({ path }) => path)).toEqual([])
  })

  it('have a text alternative for each picture', () => {
    for (const page of PAGES)
      for (const { label, isImage } of linksOf(page)) if (isImage) expect(label.length, page.path).toBeGreaterThan(20)
  })
})

describe('docs/how-it-works.md', () => {
  const page = PAGES.find(({ path }) => path === 'docs/how-it-works.md')!

  it('has three pictures and ten ideas, each with a link into the code', () => {
    expect(linksOf(page).filter(({ isImage }) => isImage)).toHaveLength(3)
    const ideas = page.text.split(/^## /m).find((section) => section.startsWith('Ten ideas'))!
    const items = ideas.split(/^(?=\d+\. )/m).slice(1)
    expect(items).toHaveLength(10)
    for (const text of items) {
      const code = linksOf({ path: page.path, text }).filter(
        ({ file }) => /^(apps|libs)\//.test(file) && statSync(join(ROOT, file)).isFile(),
      )
      expect(code.length, text).toBeGreaterThan(0)
    }
  })

  it('names event types that exist, in its text and pictures', () => {
    const pictures = linksOf(page).filter(({ isImage }) => isImage)
    const texts = [page.text, ...pictures.map(({ file }) => readFileSync(join(ROOT, file), 'utf8'))]
    const named = texts.flatMap((text) => text.match(/\bhms\.[a-z]+\.[a-z-]+\.v1\b/g) ?? [])
    expect(named.length).toBeGreaterThan(5)
    for (const type of named) expect(EVENT_TYPES).toContain(type)
  })
})
