import { printable } from '#libs/contracts'

/**
 * JSON whose texts and names are safe to show: what hides text or turns its direction is written out. Done once where text comes in, so
 * that no page can forget it.
 */
export function parseClean(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'string') return printable(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const entries = Object.entries(value)
    return entries.some(([key]) => key !== printable(key))
      ? Object.fromEntries(entries.map(([key, each]) => [printable(key), each]))
      : value
  })
}
