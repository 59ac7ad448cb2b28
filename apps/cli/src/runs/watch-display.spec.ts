import { describe, expect, it } from 'vitest'
import type { RunStage, RunView } from '#libs/contracts'
import { Output } from '../output/output.js'
import { chooseDisplay } from './watch-display.js'

const START = Date.UTC(2026, 10, 24, 19, 2, 11)
const iso = (ms: number): string => new Date(START + ms).toISOString()

function stage(name: RunStage['stage'], verdict: RunStage['verdict'], detail = '', endedMs: number | null = null): RunStage {
  return { stage: name, verdict, detail, startedAt: iso(0), endedAt: endedMs === null ? null : iso(endedMs) }
}

function run(state: RunView['state'], stages: RunStage[]): RunView {
  const policies = [{ id: 'epa-pm25-limit', version: '2.0.0', digest: '' }]
  return { run: 184, digest: '', decisions: [], state, attempt: 1, policies, stages, createdAt: iso(0), endedAt: null }
}

function screen(terminal: { isTerminal: boolean; columns: number | null }): {
  text: () => string
  clock: { ms: number }
  display: ReturnType<typeof chooseDisplay>
} {
  let text = ''
  const sink = { write: (more: string) => void (text += more), ...terminal }
  const clock = { ms: START }
  const output = new Output(sink, sink, {}, { noColor: '1' })
  return { text: () => text, clock, display: chooseDisplay(output, () => clock.ms) }
}

describe('append-only display', () => {
  it('writes one line per change, and none for new counts of a running stage', () => {
    const { text, clock, display } = screen({ isTerminal: false, columns: null })
    display.show(run('LINTING', [stage('lint', 'RUNNING')]))
    clock.ms += 200
    display.show(run('CANARY', [stage('lint', 'PASS', '1 warning', 200), stage('canary', 'RUNNING', '1 s of 300 s')]))
    clock.ms += 1000
    display.show(run('CANARY', [stage('lint', 'PASS', '1 warning', 200), stage('canary', 'RUNNING', '2 s of 300 s')]))
    expect(text().trimEnd().split('\n')).toEqual([
      '2026-11-24T19:02:11Z run=184 stage=lint RUNNING',
      '2026-11-24T19:02:11Z run=184 state=LINTING',
      '2026-11-24T19:02:11Z run=184 stage=lint PASS (1 warning) took=0.2s',
      '2026-11-24T19:02:11Z run=184 stage=canary RUNNING (1 s of 300 s)',
      '2026-11-24T19:02:11Z run=184 state=CANARY',
    ])
  })

  it('writes a heartbeat after each 30 s of silence', () => {
    const { text, clock, display } = screen({ isTerminal: false, columns: null })
    display.show(run('CANARY', [stage('canary', 'RUNNING', '0 alerts')]))
    const before = text().length
    for (let second = 1; second <= 61; second++) {
      clock.ms = START + second * 1000
      display.tick()
    }
    expect(text().slice(before).trimEnd().split('\n')).toEqual([
      '2026-11-24T19:02:41Z run=184 state=CANARY still going after 0m30s (0 alerts)',
      '2026-11-24T19:03:11Z run=184 state=CANARY still going after 1m00s (0 alerts)',
    ])
  })

  it('writes no countdown', () => {
    const { text, clock, display } = screen({ isTerminal: false, columns: null })
    display.show({ ...run('CANARY', [stage('canary', 'RUNNING')]), continuesAt: iso(83_000) })
    const before = text()
    display.showSplit({ cohort: 5, control: 15 })
    clock.ms += 2_000
    display.tick()
    expect(text()).toBe(before)
  })

  it('writes a heartbeat after the clock was set back', () => {
    const { text, clock, display } = screen({ isTerminal: false, columns: null })
    display.show(run('CANARY', [stage('canary', 'RUNNING', '0 alerts')]))
    const before = text().length
    clock.ms -= 3_600_000
    display.tick()
    expect(text().slice(before)).toContain('still going')
  })
})

describe('live display', () => {
  it('redraws in place, at most every 200 ms, and leaves nothing behind', () => {
    const { text, clock, display } = screen({ isTerminal: true, columns: 40 })
    display.show(run('LINTING', [stage('lint', 'RUNNING')]))
    const first = text()
    expect(
      first
        .trimEnd()
        .split('\n')
        .every((line) => line.length <= 40),
    ).toBe(true)
    clock.ms += 100
    display.show(run('SIMULATING', [stage('lint', 'PASS')]))
    expect(text()).toBe(first)
    clock.ms += 100
    display.tick()
    expect(text().slice(first.length)).toContain('\u001b[5A\u001b[0J')
    expect(text()).toContain('SIMULATING')
    display.clear()
    expect(text().endsWith('\u001b[5A\u001b[0J')).toBe(true)
  })

  it.each([60, 80, 120])('wraps the counts of a canary at %d columns, cuts none, and erases each row', (columns) => {
    const { text, clock, display } = screen({ isTerminal: true, columns })
    const counts = '9 of 10 bots acknowledged; 0 unexplained alerts; expected 0.0; power vs 2x 0%; LOW_POWER'
    const canary = { ...stage('canary', 'RUNNING', counts), label: 'Canary 5% traffic (National Capital Region)' }
    display.show(run('CANARY', [stage('lint', 'PASS'), canary]))
    const rows = text().trimEnd().split('\n')
    expect(rows.filter((row) => row.length > columns)).toEqual([])
    expect(rows.map((row) => row.trim()).join(' ')).toContain(`• ${canary.label} .... RUNNING (${counts})`)
    clock.ms += 1_000
    display.clear()
    expect(text().endsWith(`\u001b[${rows.length}A\u001b[0J`)).toBe(true)
  })

  it('counts down below the stage that is under way, with the bots of its canary, until the time has passed', () => {
    const { text, clock, display } = screen({ isTerminal: true, columns: 60 })
    const stages = [stage('lint', 'PASS'), stage('canary', 'RUNNING', 'Canary 50% traffic of all the regions'), stage('rollout', 'PENDING')]
    display.show({ ...run('CANARY', stages), continuesAt: iso(83_000) })
    const drawn: string[] = []
    const tick = (ms: number): void => {
      const before = text().length
      clock.ms += ms
      display.tick()
      drawn.push(
        ...text()
          .slice(before)
          .split('\n')
          .filter((line) => / left$|cohort/.test(line)),
      )
    }
    expect(text()).toContain('\n  1 min 23 sec left\n• Full Rollout')
    tick(250)
    display.showSplit({ cohort: 5, control: 15 })
    tick(250)
    tick(500)
    tick(250)
    tick(42_000)
    expect(drawn).toEqual([
      '  1 min 23 sec left',
      '  cohort 5 █████░░░░░░░░░░░░░░░ 15 control',
      '  1 min 22 sec left',
      '  cohort 5 █████░░░░░░░░░░░░░░░ 15 control',
      '  40 sec left',
      '  cohort 5 █████░░░░░░░░░░░░░░░ 15 control',
    ])
    expect(
      text()
        .split('\n')
        .filter((line) => line.length > 60 + '\u001b[9A\u001b[0J'.length),
    ).toEqual([])
    drawn.length = 0
    tick(60_000)
    display.show(run('ROLLING_OUT', [stage('canary', 'PASS'), stage('rollout', 'RUNNING')]))
    tick(1_000)
    expect(drawn).toEqual(['  cohort 5 █████░░░░░░░░░░░░░░░ 15 control'])
  })

  it('redraws after the clock was set back', () => {
    const { text, clock, display } = screen({ isTerminal: true, columns: 40 })
    display.show(run('LINTING', [stage('lint', 'RUNNING')]))
    const first = text()
    clock.ms -= 3_600_000
    display.show(run('SIMULATING', [stage('lint', 'PASS')]))
    expect(text()).not.toBe(first)
  })
})
