import type { MetricFigures, MetricGate } from '#libs/contracts'

/** Result of one query of a gate: whether the gate holds, or why there is no result. */
export type MetricSample = { name: string } & ({ holds: boolean } | { problem: string })

/** Number of checks that a metric may fail: a single failure may be noise. */
const MAX_FAILED = 1
/** Number of consecutive checks without a result before the canary pauses. A metric without results is not a failed metric. */
const MAX_UNANSWERED = 3

export function newMetrics(gates: readonly MetricGate[] = []): MetricFigures[] {
  return gates.map(({ name }) => ({ name, held: 0, failed: 0, unanswered: 0, problem: null }))
}

export function withSamples(metrics: readonly MetricFigures[], samples: readonly MetricSample[]): MetricFigures[] {
  return metrics.map((metric) => {
    const sample = samples.find(({ name }) => name === metric.name)
    if (sample === undefined) return metric
    if ('problem' in sample) return { ...metric, unanswered: metric.unanswered + 1, problem: sample.problem }
    const { held, failed } = metric
    const counter = sample.holds ? { held: held + 1 } : { failed: failed + 1 }
    return { ...metric, ...counter, unanswered: 0, problem: null }
  })
}

/** Resets the counts of checks without a result, so that those before a pause do not cause the next pause. */
export function resetUnanswered(metrics: readonly MetricFigures[]): MetricFigures[] {
  return metrics.map((metric) => ({ ...metric, unanswered: 0 }))
}

export function describeFailed(metrics: readonly MetricFigures[]): string | undefined {
  const metric = metrics.find(({ failed }) => failed > MAX_FAILED)
  return metric && `metric ${metric.name} failed ${metric.failed} of ${metric.held + metric.failed} checks, limit ${MAX_FAILED + 1}`
}

export function describeUnanswered(metrics: readonly MetricFigures[]): string | undefined {
  const metric = metrics.find(({ unanswered }) => unanswered > MAX_UNANSWERED)
  return metric && `metric ${metric.name} had no result at ${metric.unanswered} checks in a row: ${metric.problem}`
}

/** Whether each metric has a result, and its newest check has one. */
export function haveResults(metrics: readonly MetricFigures[]): boolean {
  return metrics.every(({ held, failed, unanswered }) => held + failed > 0 && unanswered === 0)
}

/** Describes each metric: `metric error-ratio held at 12 of 12 checks`. */
export function describeMetrics(metrics: readonly MetricFigures[]): string[] {
  return metrics.map(({ name, held, failed }) => `metric ${name} held at ${held} of ${held + failed} checks`)
}
