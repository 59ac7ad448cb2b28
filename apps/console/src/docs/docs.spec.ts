import { describe, expect, it } from 'vitest'
import { prepareDoc, prepareDocs, resolveLink } from '../../bin/prepare-docs.mjs'
import { shown } from '../testing/shown.js'
import { apiPage } from './api-page.js'
import { docPage } from './doc-page.js'
import { docsPage, searchDocs } from './docs-page.js'
import { eventsPage } from './events-page.js'
import { readLibrary } from './library.js'

const library = await readLibrary()
const { pictures } = prepareDocs()
const SITE = { paths: new Set(library.keys()), pictures: new Map(pictures.map((picture) => [picture.name, picture])) }
const page = async (path: string) => {
  const parts = path.split('/')
  const folders = parts.length === 1 ? {} : { folder: parts[0]!, ...(parts.length === 3 ? { group: parts[1]! } : {}) }
  return shown(docPage, { answers: {}, params: { ...folders, name: parts.at(-1)! } })
}
const html = (text: string): string => prepareDoc('reference.md', text, SITE).html

describe('a document', () => {
  it('becomes elements, and nothing of it HTML of its own', () => {
    const made = html(
      '# T\n\nA **b** `c<d>` <script>alert(1)</script> [e](javascript:alert(1)) ![f](http://x/y.png)\n\n<b onclick="x">raw</b>\n',
    )
    expect(made).toContain('<strong>b</strong> <code>c&lt;d&gt;</code>')
    expect(made).not.toMatch(/<script|onclick|javascript:|<img|<b /)
  })

  it.each(['code', 'pre', 'kbd', 'script'])('escapes a text inside inline <%s>', (tag) => {
    expect(html(`x <${tag}><img src=x onerror=alert(1)// </${tag}>`)).not.toMatch(/<img/)
  })

  it('renders a picture whose address cannot be parsed, and a heading in a list, as text', () => {
    expect(html('![words](http://[x)\n\n- # words\n')).toBe('<p><em>words</em></p>\n<ul>\n<li><p>words</p>\n</li>\n</ul>\n')
  })

  it('escapes each character once, and loses none', () => {
    expect(html('a & b < c "d" &amp; `&lt;`')).toBe('<p>a &amp; b &lt; c &quot;d&quot; &amp; <code>&amp;lt;</code></p>\n')
  })

  it('names its headings as links expect them', () => {
    expect(html('# T\n\n## Exit codes, all!\n\n## Exit codes, all!\n')).toMatch(/id="exit-codes-all".*id="exit-codes-all-1"/s)
  })

  it.each([
    ['#a', '#a'],
    ['errors.md', '/docs/errors'],
    ['errors.md#using-the-api', '/docs/errors#using-the-api'],
    ['adr/README.md', '/docs/adr/index'],
    ['openapi.json', '/openapi.json'],
    ['https://www.rfc-editor.org/rfc/rfc9457', 'https://www.rfc-editor.org/rfc/rfc9457'],
    ['../libs/contracts/GLOSSARY.md', undefined],
    ['../errors.md', undefined],
    ['data:text/html,x', undefined],
    ['//elsewhere.example/errors.md', undefined],
  ])('the link %s leads to %s', (href, address) => expect(resolveLink('reference', href, SITE)).toBe(address))
})

describe('pictures of documents', () => {
  it('are shown from this origin, with an alternative text', async () => {
    const { html: text } = await page('how-it-works')
    const images = [...text.matchAll(/<img src="([^"]+)" alt="([^"]+)" width="(\d+)" height="(\d+)"/g)]
    expect(images.map(([, src]) => src!.split('?')[0])).toEqual(
      ['way-of-a-policy', 'way-of-a-head', 'where-the-truth-is'].map((name) => `/console/pictures/${name}.svg`),
    )
    for (const [, , alt, width, height] of images) expect([alt!.length > 60, Number(width), Number(height) > 0]).toEqual([true, 440, true])
    expect(text).not.toMatch(/<em>(People sign|rollout or|Six questions)/)
  })

  it.each([
    'http://x/y.png',
    '//x/y.svg',
    '../pictures/way-of-a-head.svg',
    'pictures/console.png',
    'pictures/../errors.md',
    'data:image/svg+xml,x',
  ])('%s is shown by its alternative text alone', (href) => {
    expect(html(`![words](${href})`)).toBe('<p><em>words</em></p>\n')
  })

  it('are allowed their own style, and nothing else', () => {
    expect(pictures.map(({ name }) => name)).toEqual([
      'explanation/how-a-rule-travels.svg',
      ...['way-of-a-head', 'way-of-a-policy', 'where-the-truth-is'].map((name) => `pictures/${name}.svg`),
      ...['canary', 'lint', 'notify', 'rollout', 'simulate'].map((name) => `stages/${name}.svg`),
    ])
    for (const { svg, policy } of pictures) {
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; frame-ancestors 'none'$/)
      expect(svg).toMatch(/<title id="t">[^<]+<.*prefers-color-scheme:dark/s)
      expect(svg).not.toMatch(/<script|<foreignObject| on[a-z]+=|href=|url\(|style="|@import/)
    }
  })

  it('take the place of a diagram in its source', async () => {
    expect((await page('explanation/how-a-rule-travels')).html).toMatch(
      /<img src="\/console\/pictures\/explanation\/how-a-rule-travels\.svg\?/,
    )
    expect((await page('stages/canary')).html).toMatch(/<img src="\/console\/pictures\/stages\/canary\.svg\?/)
    expect(() => html('```mermaid\ngraph TD\n```\n')).toThrow('a diagram is an SVG file beside the page')
    for (const doc of library.values()) expect(doc.html).not.toMatch(/mermaid|[─│]{4}/)
  })

  it('belong to a page of explanation', () => {
    expect(library.get('how-it-works')!.kind).toBe('Explanation')
  })
})

describe('every document of this version', () => {
  const docs = [...library.values()]

  it.each(docs.map(({ path }) => path))('%s is shown, and its links to parts of documents hold', async (path) => {
    const { status, html: text } = await page(path)
    expect(status).toBe(200)
    for (const [, address] of text.matchAll(/href="(\/docs\/[^"]*|#[^"]*)"/g)) {
      if (/^(\/docs\/(errors\/.*|api|events)|#main)$/.test(address!)) continue
      const [target, id] = address!.split('#')
      const doc = target === '' ? library.get(path) : library.get(target!.replace('/docs/', ''))
      expect(doc, address).toBeDefined()
      if (id !== undefined)
        expect(
          doc!.sections.map((section) => section.id),
          address,
        ).toContain(id)
    }
  })
})

describe('the pages of documentation', () => {
  it('list documents by kind, and find parts by their words', async () => {
    const all = await shown(docsPage, { answers: {} })
    expect(all.html).toContain('href="/docs/reference"')
    const found = await shown(docsPage, { answers: {}, query: 'q=HMS_PROFILE+production' })
    expect(found.text).toMatch(/parts? about “HMS_PROFILE production”/)
    expect(found.html).toContain('href="/docs/reference/environment#every-service-process"')
    expect((await shown(docsPage, { answers: {}, query: 'q=%3Cscript%3Ezzz' })).text).toContain('Nothing holds all words of “<script>zzz”.')
  })

  it('have a sidebar of four groups, and decisions last and folded', async () => {
    for (const { html: text } of [await page('tutorials/official'), await shown(docsPage, { answers: {} })]) {
      const sidebar = /<nav aria-label="Documentation".*?<\/nav>/s.exec(text)![0]
      expect(
        [...sidebar.matchAll(/<p id="[^"]+">([^<]+)<|<(details[^>]*)><summary>([^<]+)</g)].map(([, group, , fold]) => group ?? fold),
      ).toEqual([
        'All documents',
        'Tutorials',
        'How-to',
        'Alerts',
        'Reference',
        'Vectors for readers in other languages',
        'Explanation',
        'Decisions',
      ])
      for (const path of [...library.keys(), 'api', 'events']) expect(sidebar).toContain(`href="/docs/${path}"`)
      expect(sidebar).not.toContain('<details open')
    }
    expect((await page('tutorials/official')).html).toContain('<a href="/docs/tutorials/official" aria-current="page">')
    expect((await page('adr/0003-outbox-and-positions')).html).toContain('<details open><summary>Decisions</summary>')
    expect((await shown(docsPage, { answers: {} })).html).toContain('href="/docs/how-to/testing-a-program"')
  })

  it('lead from each document to the next, and from the last one to the list', async () => {
    const next = async (path: string) => /Next: <a rel="next" href="([^"]+)">([^<]+)</.exec((await page(path)).html)!.slice(1)
    expect(await next('tutorials/official')).toEqual(['/docs/tutorials/bot-author', 'A bot that uses a policy'])
    expect(await next('tutorials/auditor')).toEqual(['/docs/how-to/testing-a-program', 'Test a program that reads policies'])
    const paths = [...library.keys()]
    expect(await Promise.all(paths.map(async (path) => (await next(path))[0]))).toEqual([
      ...paths.slice(1).map((path) => `/docs/${path}`),
      '/docs',
    ])
  })

  it('rank tutorials and how-to first, then reference, explanation and decisions; a heading above a text', () => {
    const docOf = (path: string, heading: string) => ({
      ...prepareDoc(`${path}.md`, `# ${path}\n`, SITE),
      sections: [{ id: '', heading, text: 'about webhooks' }],
    })
    const docs = ['adr/a', 'explanation/b', 'reference/c'].map((path) => docOf(path, 'Webhooks'))
    docs.push(docOf('reference/d', 'Other'), docOf('how-to/e', 'Other'), docOf('how-to/f', 'Webhooks'), docOf('tutorials/g', 'Other'))
    const ranked = searchDocs(docs, 'webhooks').map(({ doc: { path } }) => path)
    expect(ranked).toEqual(['how-to/f', 'how-to/e', 'tutorials/g', 'reference/c', 'reference/d', 'explanation/b', 'adr/a'])
    for (const words of ['webhook', 'kafka'])
      for (const { doc } of searchDocs(library.values(), words).slice(0, 2)) expect(doc.path).toMatch(/^(tutorials|how-to)\//)
  })

  it('rank a part whose heading holds the words first', () => {
    const section = (heading: string, text: string) => ({ id: heading, heading, text })
    const doc = { ...prepareDoc('a.md', '', SITE), sections: [section('Other', 'about bounds'), section('Bounds', 'of a body')] }
    expect(searchDocs([doc], 'bounds').map(({ section: { heading } }) => heading)).toEqual(['Bounds', 'Other'])
    expect(searchDocs([doc], '  ')).toEqual([])
  })

  it('return 404 for a document that does not exist', async () => {
    const missing: Record<string, string>[] = [
      { name: 'nothing' },
      { folder: '..', name: 'package' },
      { folder: 'adr', group: '..', name: '..' },
    ]
    for (const params of missing) expect((await shown(docPage, { answers: {}, params })).status).toBe(404)
  })

  it('show every route and every type of event', async () => {
    const api = await shown(apiPage, { answers: {} })
    expect(api.text).toContain('POST /v1/approvals/prepare')
    expect(api.text).toContain('{ "id": "inspector", "source": "// A bot that adapts')
    const events = await shown(eventsPage, { answers: {} })
    expect(events.text).toContain('hms.canary.paused.v1')
    expect(events.text).toMatch(/Written by approver, read by linter, rollout, audit; keyed by policy, 12 partitions, delete\./)
  })
})
