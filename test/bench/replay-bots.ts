/** Ways in which people write a bot; each asks for the limit at every reading. `N` makes the text, and so the program, a different one. */
const BODIES = [
  'return reading.pm25 > limit() + N - N ? alert(reading) : null',
  'const { limit: most } = getPolicy(ID); if (reading.pm25 <= most) return; return { alert: "Violation", value: reading.pm25 + N }',
  'seen.set(reading.site, (seen.get(reading.site) ?? N) + 1); return reading.pm25 > limit() ? alert(reading) : null',
  'const text = `${reading.county}/${reading.site}/N`; return reading.pm25 > limit() && text !== "" ? alert(reading) : null',
  'const near = [reading.lat, reading.lon, N].map((at) => at * 2); return near.length === 3 && reading.pm25 > limit() ? alert(reading) : null',
  'return /^\\d{4}-\\d\\d-\\d\\d$/.test(reading.at) && reading.pm25 > limit() ? { ...alert(reading), kind: N } : null',
  'last = last.concat(reading.pm25).slice(-24); return last.at(-1) > limit() ? { ...alert(reading), of: last.length + N } : null',
  'try { if (reading.pm25 > limit()) return alert(reading, N); return null } finally { count += N }',
] as const

const HEAD = `export const policies = ['epa-pm25-limit']
const ID = 'epa-pm25-limit', seen = new Map()
let last = [], count = 0
`

/** Programs of different texts, all right. */
export function differentBots(count: number): { id: string; source: string }[] {
  return Array.from({ length: count }, (_, index) => {
    const body = BODIES[index % BODIES.length]!.replaceAll('N', String(index + 1))
    const source = `${HEAD}
export default function inspect(reading, getPolicy) {
  const limit = () => getPolicy(ID).limit
  const alert = (of) => ({ alert: 'Violation', value: of.pm25 })
  ${body}
}
`
    return { id: `bot-${String(index).padStart(3, '0')}`, source }
  })
}
