import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Emitted } from './evidence.js'
import type { Outcome } from './simulate.js'

const SHOWN = 300

/** Returns a text that suffices alone: the seed, the violations, their history, and the command that replays it. */
export function describeFailure({ seed, violations, history }: Outcome): string {
  const path = join(mkdtempSync(join(tmpdir(), 'hms-simulation-')), `seed-${seed}.txt`)
  writeFileSync(path, history.join('\n'))
  const left = history.length - SHOWN
  return [
    `seed ${seed}`,
    ...violations.flatMap(({ oracle, found }) => [`✗ ${oracle}`, ...found.map((sentence) => `    ${sentence}`)]),
    `history (${history.length} lines, all of them in ${path}):`,
    ...(left > 0 ? [`  … ${left} lines before`] : []),
    ...history.slice(-SHOWN).map((line) => `  ${line}`),
    `again: SEED=${seed} npx vitest run --config test/vitest.config.ts test/simulation/simulation.spec.ts`,
  ].join('\n')
}

export const WAYS = ['signed rollbacks', 'withdrawals', 'retries', 'by break-glass', 'steps of canaries', 'superseded while held'] as const
type Way = (typeof WAYS)[number]

function waysOf({ evidence }: Outcome): Way[] {
  const runs = evidence?.runs.map(({ facts }) => facts) ?? []
  const told = (type: string): Emitted[] => evidence?.emitted.filter((event) => event.type === type) ?? []
  const held = new Set(told('hms.rollout.held.v1').map(({ runId }) => runId))
  return [
    ...runs.flatMap(({ isRollback, attempt, breakGlass }): Way[] => [
      ...(isRollback === true ? ['signed rollbacks' as const] : []),
      ...(attempt > 1 ? ['retries' as const] : []),
      ...(breakGlass === undefined ? [] : ['by break-glass' as const]),
    ]),
    ...told('hms.rollout.withdrawn.v1').map((): Way => 'withdrawals'),
    ...told('hms.canary.step-passed.v1').map((): Way => 'steps of canaries'),
    ...runs.filter(({ run, ended }) => ended?.state === 'SUPERSEDED' && held.has(String(run))).map((): Way => 'superseded while held'),
  ]
}

/** Sums over the seeds of one worker. */
export class Tally {
  private seeds = 0
  private runs = 0
  private deaths = 0
  private faults = 0
  private virtualMs = 0
  private readonly startedAt = performance.now()
  readonly ends = new Map<string, number>()
  /** What people did beside ordinary approvals, and how often it came to something. */
  readonly ways = new Map<Way, number>()

  add(outcome: Outcome): void {
    this.seeds++
    this.runs += outcome.runs
    this.deaths += outcome.deaths
    this.faults += outcome.faults
    this.virtualMs += outcome.virtualMs
    for (const state of outcome.ends) this.ends.set(state, (this.ends.get(state) ?? 0) + 1)
    for (const way of waysOf(outcome)) this.ways.set(way, (this.ways.get(way) ?? 0) + 1)
  }

  get line(): string {
    const { seeds, runs, deaths, faults } = this
    const ms = (performance.now() - this.startedAt) / seeds
    const ends = [...this.ends]
      .sort()
      .map(([state, count]) => `${count} ${state}`)
      .join(', ')
    const ways = WAYS.map((way) => `${this.ways.get(way) ?? 0} ${way}`).join(', ')
    const hours = (this.virtualMs / 3_600_000).toFixed(1)
    return `${seeds} seeds, ${runs} runs (${ends}; ${ways}), ${deaths} crashes, ${faults} faults, ${hours} h of virtual time, ${ms.toFixed(1)} ms a seed`
  }
}
