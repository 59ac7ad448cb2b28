import { command } from '#libs/contracts'
/** Scenario of the run's policies that could not be replayed. */
export interface SkippedScenario {
  scenario: string
  why: string
  /** Command that fixes it, if there is one. */
  next: string | null
  /** It could explain no alert: its expression cannot read the new documents, or its canary cannot get the inputs it reads. */
  incompatible?: boolean
}

/** Why nothing can be replayed, and the commands that fix it. */
export interface Lack {
  sentence: string
  next: string[]
}

/** Returns the lack; `undefined` if there is something to replay. */
export function lackOf(bots: number, scenarios: number, skipped: readonly SkippedScenario[]): Lack | undefined {
  if (bots === 0) return { sentence: 'no bots registered', next: [command('bots.add', { bot: 'ID' })] }
  if (scenarios === 0) return { sentence: 'no scenario for this policy', next: [command('scenarios.add')] }
  if (skipped.length < scenarios) return undefined
  const next = unique(skipped.flatMap((scenario) => scenario.next ?? []))
  const sentence = unique(skipped.map((scenario) => scenario.why)).join(', ')
  return { sentence, next: next.length > 0 ? next : [command('scenarios.add')] }
}

/** Returns the suffix of a summary; empty if nothing was skipped. */
export function skippedNote(skipped: readonly SkippedScenario[]): string {
  if (skipped.length === 0) return ''
  return `; skipped: ${skipped.map(({ scenario, why }) => `${scenario} (${why})`).join(', ')}`
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
