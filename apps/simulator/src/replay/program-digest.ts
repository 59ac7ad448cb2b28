import { createHash } from 'node:crypto'

/** Of the text of a bot's module: the same text is the same program. */
export function digestOf(source: string): string {
  return `sha256:${createHash('sha256').update(source).digest('hex')}`
}
