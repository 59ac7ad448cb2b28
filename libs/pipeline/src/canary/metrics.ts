import type { MetricFigures, MetricGate } from '#libs/contracts'

/** One answer to a gate: whether it holds, or why there is no answer. */
export type MetricSample = { name: string } & ({ holds: boolean } | { problem: string })

/** Looks at which a metric may fail: one may be noise. */
const MAX_FAILED = 1
/** Looks in a row that may go without an answer, before people are asked. A metric that fails and one that is silent are not the same. */
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
    const answered = sample.holds ? { held: held + 1 } : { failed: failed + 1 }
    return { ...metric, ...answered, unanswered: 0, problem: null }
  })
}

/** Asked anew: what was not answered before a pause is no reason for the next one. */
export function askedAnew(metrics: readonly MetricFigures[]): MetricFigures[] {
  return metrics.map((metric) => ({ ...metric, unanswered: 0 }))
}

/** The first metric that failed too often, in words. */
export function describeFailed(metrics: readonly MetricFigures[]): string | undefined {
  const metric = metrics.find(({ failed }) => failed > MAX_FAILED)
  return metric && `metric ${metric.name} failed at ${metric.failed} of ${metric.held + metric.failed} looks, limit ${MAX_FAILED + 1}`
}

/** The first metric that nobody answers for, in words. */
export function describeUnanswered(metrics: readonly MetricFigures[]): string | undefined {
  const metric = metrics.find(({ unanswered }) => unanswered > MAX_UNANSWERED)
  return metric && `metric ${metric.name} had no answer at ${metric.unanswered} looks in a row: ${metric.problem}`
}

/** Whether each has an answer, and its newest look brought one. */
export function areAnswered(metrics: readonly MetricFigures[]): boolean {
  return metrics.every(({ held, failed, unanswered }) => held + failed > 0 && unanswered === 0)
}

/** `metric error-ratio held at 12 of 12 looks`, for each. */
export function describeMetrics(metrics: readonly MetricFigures[]): string[] {
  return metrics.map(({ name, held, failed }) => `metric ${name} held at ${held} of ${held + failed} looks`)
}
