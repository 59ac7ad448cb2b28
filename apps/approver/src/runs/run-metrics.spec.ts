import { expect, it } from 'vitest'
import type { RunView } from '#libs/contracts'
import { Metrics } from '#libs/platform'
import { RunMetrics } from './run-metrics.js'

const at = (seconds: number): string => new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1_000).toISOString()
const run = (state: RunView['state'], ...stages: Partial<RunView['stages'][number]>[]): RunView =>
  ({ run: 1, state, attempt: 1, stages, createdAt: at(0) }) as unknown as RunView
const lint = { stage: 'lint', verdict: 'PASS', startedAt: at(0), endedAt: at(2) } as const
const canary = { stage: 'canary', verdict: 'RUNNING', startedAt: at(3), endedAt: null } as const

it('counts the end of a run once, and each stage once it has its verdict', async () => {
  const metrics = new Metrics()
  const counted = new RunMetrics(metrics, 1_800_000)
  const steps = [
    run('LINTING', { ...lint, verdict: 'RUNNING', endedAt: null }),
    run('CANARY', lint, canary),
    run('CANARY', lint, canary),
    run('FAILED', lint, { ...canary, verdict: 'FAIL', endedAt: at(63) }),
    run('FAILED', lint, { ...canary, verdict: 'FAIL', endedAt: at(63) }),
  ]
  let before: RunView | undefined
  for (const step of steps) {
    counted.recordChange(before, step)
    before = step
  }
  const page = await metrics.render()
  expect(page).toContain('hms_svc_runs_total{outcome="FAILED"} 1')
  expect(page).toContain('hms_svc_run_stage_duration_seconds_count{stage="lint",outcome="PASS"} 1')
  expect(page).toContain('hms_svc_run_stage_duration_seconds_sum{stage="canary",outcome="FAIL"} 60')
})

it('reports open runs by stage, 0 for stages without any, and the age of the oldest', async () => {
  const metrics = new Metrics()
  const counted = new RunMetrics(metrics, 1_800_000)
  counted.updateGauges([run('CANARY', lint, canary), run('AWAITING_APPROVAL'), run('QUEUED')], new Date(at(10)))
  const page = await metrics.render()
  for (const line of ['runs_active{stage="canary"} 1', 'run_oldest_stage_age_seconds{stage="canary"} 7', 'runs_active{stage="approval"} 1'])
    expect(page).toContain(`hms_svc_${line}`)
  counted.updateGauges([], new Date(at(20)))
  const empty = await metrics.render()
  for (const stage of ['approval', 'queue', 'canary']) expect(empty).toContain(`hms_svc_runs_active{stage="${stage}"} 0`)
  expect(empty).not.toContain('run_oldest_stage_age_seconds{')
})

it('observes how soon the release of a successful run was in force', async () => {
  const metrics = new Metrics()
  const seconds = { half: 21, most: 21, all: null, partners: 23 }
  const over: RunView = {
    ...run('SUCCEEDED'),
    clock: { bots: 300, current: 299, partners: 6, told: 6, toldInTime: 6, acknowledged: 0, seconds },
  }
  const counted = new RunMetrics(metrics, 1_800_000)
  counted.recordChange({ ...over, state: 'NOTIFYING' }, over)
  counted.recordChange(over, over)
  const page = await metrics.render()
  expect(page).toContain('hms_svc_run_clock_seconds_sum{until="half"} 21')
  expect(page).toContain('hms_svc_run_clock_seconds_count{until="partners"} 1')
  expect(page).not.toContain('until="all"')
})

it('counts approved runs that exceed their target time', async () => {
  const metrics = new Metrics()
  const counted = new RunMetrics(metrics, 1_800_000)
  const seconds = { half: 1, most: 1, all: 1, partners: null }
  const clock = { bots: 1, current: 1, partners: 0, told: 0, toldInTime: 0, acknowledged: 0, seconds }
  const held: RunView = { ...run('WAITING'), reason: 'EFFECTIVE_AT', clock }
  const open = [run('CANARY', lint, canary), run('AWAITING_APPROVAL'), held, { ...held, reason: 'FREEZE' }]
  counted.updateGauges(open, new Date(at(1_800)))
  expect(await metrics.render()).toContain('hms_svc_runs_over_promise 0')
  counted.updateGauges(open, new Date(at(1_801)))
  expect(await metrics.render()).toContain('hms_svc_runs_over_promise 2')
})
