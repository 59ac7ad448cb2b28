import { command } from '#libs/contracts'
export interface SkippedScenario {
  scenario: string
  why: string
  /** Command that fixes the reason, if there is one. */
  next: string | null
  /** Set if the scenario could not explain alerts: its expression cannot read the new documents, or reads inputs a canary does not get. */
  incompatible?: boolean
}

/** Reason why nothing can be replayed, and the commands that fix it. */
export interface Lack {
  sentence: string
  next: string[]
}

/** Returns why nothing can be replayed; `undefined` if there is something to replay. */
export function lackOf(bots: number, scenarios: number, skipped: readonly SkippedScenario[]): Lack | undefined {
  if (bots === 0) return { sentence: 'no bots registered', next: [command('bots.add', { bot: 'ID' })] }
  if (scenarios === 0) return { sentence: 'no scenario for this policy', next: [command('scenarios.add')] }
  if (skipped.length < scenarios) return undefined
  const next = unique(skipped.flatMap((scenario) => scenario.next ?? []))
  const sentence = unique(skipped.map((scenario) => scenario.why)).join(', ')
  return { sentence, next: next.length > 0 ? next : [command('scenarios.add')] }
}

/** Returns the skipped scenarios as a suffix of a summary; empty if none was skipped. */
export function skippedNote(skipped: readonly SkippedScenario[]): string {
  if (skipped.length === 0) return ''
  return `; skipped: ${skipped.map(({ scenario, why }) => `${scenario} (${why})`).join(', ')}`
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
