import type { Format } from 'ajv'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import type { Steps } from '#libs/pattern'
import { isUrl } from './url.js'

/** Replacements for formats of ajv-formats whose own check takes more than linear time. */
const OWN: Readonly<Record<string, (text: string) => boolean>> = { url: isUrl }

/** Returns all formats of ajv-formats. Each checks a text in linear time; its characters are charged to `steps`, like those of patterns. */
export function linearFormats(steps: Steps): Record<string, Format> {
  return Object.fromEntries(Object.entries(fullFormats).map(([name, format]) => [name, counted(OWN[name] ?? format, steps)]))
}

function counted(format: Format, steps: Steps): Format {
  if (typeof format === 'object' && !(format instanceof RegExp) && format.type === 'number') return format
  const holds = checkOf(format)
  if (holds === undefined) return format
  return (text: string) => {
    steps.left -= text.length
    if (steps.left < 0) throw new RangeError('checking takes more steps than it may')
    return holds(text)
  }
}

/** Returns the check of a format; undefined for a format that accepts any text. */
function checkOf(format: unknown): ((text: string) => boolean) | undefined {
  if (typeof format === 'function') return format as (text: string) => boolean
  if (format instanceof RegExp) return (text) => format.test(text)
  return typeof format === 'object' && format !== null && 'validate' in format ? checkOf(format.validate) : undefined
}
