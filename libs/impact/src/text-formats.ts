import { numberText, unjudgedText, type AlertLoad, type BotLoad, type GroupImpact, type ScenarioImpact } from '#libs/contracts'

export { numberText, unjudgedText }

/** Formats the changed verdicts as `131 newly violating, 0 newly compliant of 7,703 readings`. */
export function changedVerdictsText({ readings, newlyViolating, newlyCompliant }: ScenarioImpact): string {
  const [violating, compliant, all] = [newlyViolating.count, newlyCompliant.count, readings].map(numberText)
  return `${violating} newly violating, ${compliant} newly compliant of ${all} readings`
}

/** Formats a share in per cent, with the 95 % interval of Wilson: `1.70 % (95 % interval 1.44 to 2.01 %)`. Empty without readings. */
export function shareText(part: number, whole: number): string {
  if (whole === 0) return ''
  const [share, z] = [part / whole, 1.959963984540054]
  const middle = (share + (z * z) / (2 * whole)) / (1 + (z * z) / whole)
  const half = (z / (1 + (z * z) / whole)) * Math.sqrt((share * (1 - share)) / whole + (z * z) / (4 * whole * whole))
  const percent = (value: number): string => (100 * Math.min(1, Math.max(0, value))).toFixed(2)
  return `${percent(share)} % (95 % interval ${percent(middle - half)} to ${percent(middle + half)} %)`
}

/** Returns the name of a region or site, or a text for a missing one. */
export function nameOf({ name }: Pick<GroupImpact, 'name'>): string {
  return name === '' ? '(none named)' : name
}

/** Groups bots with equal figures, largest group first, because a fleet is one program under many ids. */
export function alikeBots(bots: readonly BotLoad[]): { bots: string[]; load: AlertLoad }[] {
  const found = new Map<string, { bots: string[]; load: AlertLoad }>()
  for (const { bot, readings, before, after } of bots) {
    const key = [readings, before, after].join(' ')
    const known = found.get(key)
    if (known === undefined) found.set(key, { bots: [bot], load: { readings, before, after } })
    else known.bots.push(bot)
  }
  return [...found.values()].sort((a, b) => b.bots.length - a.bots.length)
}
