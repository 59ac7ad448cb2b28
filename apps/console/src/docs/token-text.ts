import type { Token } from 'marked'

/** The words of some Markdown, without its marks. */
export function textOf(tokens: readonly Token[]): string {
  return tokens.map(wordsOf).join('')
}

function wordsOf(token: Token): string {
  if (token.type === 'table') {
    const cells = [token.header, ...token.rows] as { tokens: Token[] }[][]
    return cells.map((row) => row.map((cell) => textOf(cell.tokens)).join(' ')).join(' ')
  }
  if (token.type === 'list') return (token.items as { tokens: Token[] }[]).map((item) => textOf(item.tokens)).join(' ')
  if (token.type === 'html' || token.type === 'def') return ''
  if ('tokens' in token && token.tokens !== undefined) return textOf(token.tokens)
  if (token.type === 'codespan' || token.type === 'code') return String(token.text)
  return unescaped('text' in token ? String(token.text) : ' ')
}

/** A text may name characters as HTML does; the pages escape by themselves. */
export function unescaped(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_all, name: keyof typeof CHARACTERS) => CHARACTERS[name])
}

const CHARACTERS = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' } as const
