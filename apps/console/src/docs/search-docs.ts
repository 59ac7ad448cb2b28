import type { Doc, Section } from './library.js'

export interface Hit {
  doc: Doc
  section: Section
  /** A line around the first word. */
  excerpt: string
}

const MAX_WORDS = 8
const EXCERPT = 160

/** The parts that hold every word of `query`, those that have it in their heading first. */
export function searchDocs(docs: Iterable<Doc>, query: string): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS)
  if (words.length === 0) return []
  const hits: { hit: Hit; score: number }[] = []
  for (const doc of docs) {
    for (const section of doc.sections) {
      const heading = `${doc.title} ${section.heading}`.toLowerCase()
      const whole = `${heading} ${section.text.toLowerCase()}`
      if (!words.every((word) => whole.includes(word))) continue
      const score =
        words.filter((word) => section.heading.toLowerCase().includes(word)).length * 2 +
        words.filter((word) => heading.includes(word)).length
      hits.push({ hit: { doc, section, excerpt: excerptOf(section.text, words) }, score })
    }
  }
  return hits.sort((a, b) => b.score - a.score).map(({ hit }) => hit)
}

function excerptOf(text: string, words: readonly string[]): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim()
  const lower = flat.toLowerCase()
  const found = words.map((word) => lower.indexOf(word)).filter((at) => at >= 0)
  const from = found.length === 0 ? 0 : Math.max(0, Math.min(...found) - 40)
  return `${from > 0 ? '…' : ''}${flat.slice(from, from + EXCERPT)}${from + EXCERPT < flat.length ? '…' : ''}`
}
