import { BASIS_POINTS } from './bucket.js'

export type ParsedShare =
  | { ok: true; /** Integer, 1..10000. */ basisPoints: number }
  | { ok: false; code: 'HMS_SHARE_INVALID'; message: string }

/** Parses a share of traffic: `0.05`, `"0.05"` and `"5%"` are equal, `1` is all. Refused: zero, above all, finer than 0.01 %. */
export function parseShare(input: string | number): ParsedShare {
  const text = String(input).trim()
  const match = /^(\d{1,9})?(?:\.(\d{1,20}))?(\s*%)?$/.exec(text)
  const [, whole, fraction = '', percent] = match ?? []
  if (!match || (whole === undefined && fraction === '')) return refusal(`${JSON.stringify(text)} is not a share; write 0.05 or 5%`)
  // The decimal point is moved in the text: 0.07 * 10000 is not 700 in floating point.
  const places = percent === undefined ? 4 : 2
  if (/[1-9]/.test(fraction.slice(places))) return refusal(`${text} is finer than 0.01%`)
  const basisPoints = Number((whole ?? '0') + fraction.padEnd(places, '0').slice(0, places))
  if (basisPoints < 1) return refusal(`${text} includes no bot; the smallest share is 0.01%`)
  if (basisPoints > BASIS_POINTS)
    return refusal(percent === undefined ? `${text} is more than 100%; for percent write ${text}%` : `${text} is more than 100%`)
  return { ok: true, basisPoints }
}

function refusal(message: string): ParsedShare {
  return { ok: false, code: 'HMS_SHARE_INVALID', message }
}
