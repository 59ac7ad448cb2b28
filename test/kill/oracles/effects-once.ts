import { peekPredicate, type Envelope, type PublishedHead } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import type { Observer } from '../observer.js'
import { DATA } from './decode.js'
import type { Oracle } from './oracle.js'

/** What is no effect of a stage that is there at most once: heads, coverage and the run's own states repeat by nature; tickets and receipts are judged apart. */
const REPEATED = [
  'hms.run.decision-accepted.v1',
  'hms.run.changed.v1',
  'hms.head.issued.v1',
  'hms.head.published.v1',
  'hms.state.recorded.v1',
  'hms.coverage.reported.v1',
  'hms.ticket.opened.v1',
  'hms.ticket.escalated.v1',
  'hms.ticket.closed.v1',
  'hms.delivery.delivered.v1',
  'hms.delivery.acknowledged.v1',
  'hms.delivery.given-up.v1',
  'hms.delivery.redriven.v1',
]

/** What a run that was paused says again, once people let it go on, and one that waits for first one thing and then another. */
const AGAIN = [
  'hms.canary.paused.v1',
  'hms.canary.observation-started.v1',
  'hms.rollout.paused.v1',
  'hms.canary.delayed.v1',
  'hms.rollout.delayed.v1',
  'hms.run.decision-applied.v1',
  'hms.run.decision-late.v1',
]

/** I2: each effect at most once per run, stage and attempt; each head number once; each delivery once. */
export const effectsOnce: Oracle = {
  name: 'each effect at most once per run, stage and attempt',
  async check({ observer }) {
    const given = REPEATED.map((type) => `'${type}'`).join(', ')
    const told = await observer.everywhere<{ service: string; stage: string; run_id: string; attempt: number; types: string[] }>(
      `SELECT '$service' AS service, topic AS stage, run_id, attempt, array_agg(type) AS types FROM $schema.outbox
       WHERE run_id IS NOT NULL AND type NOT IN (${given}) GROUP BY topic, run_id, attempt`,
    )
    const violations: string[] = []
    for (const { service, run_id, attempt, types } of told) {
      const of = `run ${run_id} attempt ${attempt} by ${service}`
      const twice = types.filter((type, index) => types.indexOf(type) !== index && !AGAIN.includes(type))
      if (twice.length > 0) violations.push(`${of}: ${twice.join(', ')} more than once`)
      const verdicts = types.filter((type) => /\.(passed|failed|completed)\.v1$/.test(type))
      if (verdicts.length > 1) violations.push(`${of}: ${verdicts.join(' and ')}`)
      const [paused, answered] = [/\.paused\.v1$/, /\.decision-applied\.v1$/].map(
        (pattern) => types.filter((type) => pattern.test(type)).length,
      ) as [number, number]
      // The last pause may end with the run.
      if (paused > answered + 1 || (paused > answered && verdicts.some((type) => !type.includes('failed'))))
        violations.push(`${of}: ${paused} pauses, ${answered} decisions`)
    }
    const answers = await observer.everywhere<{ id: string }>(
      `SELECT ${DATA}->>'id' AS id FROM $schema.outbox WHERE type IN ('hms.run.decision-applied.v1', 'hms.run.decision-late.v1') GROUP BY 1 HAVING count(*) > 1`,
    )
    violations.push(...answers.map(({ id }) => `decision ${id} was answered more than once`))
    violations.push(...(await repeatedWaits(observer)))
    const heads = await headNumbers(observer)
    const deliveries = await observer.rows<{ id: string; n: string }>(
      `SELECT doc->>'messageId' || ' ' || partner || ' ' || (doc->>'channel') AS id, count(*) AS n FROM notifier.delivery GROUP BY 1 HAVING count(*) > 1`,
    )
    return {
      looked: told.length,
      violations: [...violations, ...heads, ...deliveries.map(({ id, n }) => `delivery ${id} is there ${n} times`)],
    }
  },
}

/** A stage says what it waits for once. When it had to wait for something else, or was paused, it says it again. */
async function repeatedWaits(observer: Observer): Promise<string[]> {
  const given = AGAIN.map((type) => `'${type}'`).join(', ')
  const repeated = await observer.everywhere<{ run_id: string; type: string; detail: string }>(
    `SELECT run_id, type, detail FROM (
       SELECT run_id, type, detail, lag(type || ' ' || detail) OVER (PARTITION BY topic, run_id, attempt ORDER BY seq) AS before FROM (
         SELECT seq, topic, run_id, attempt, type, coalesce(${DATA}->>'detail', '') AS detail FROM $schema.outbox WHERE type IN (${given})
       ) AS said
     ) AS following WHERE type LIKE '%.delayed.v1' AND before = type || ' ' || detail`,
  )
  return repeated.map(({ run_id, type, detail }) => `run ${run_id}: ${type} "${detail}" twice in a row`)
}

async function headNumbers(observer: Observer): Promise<string[]> {
  const violations: string[] = []
  for (const schema of ['rollout', 'canary_controller']) {
    const issued = await observer.rows<{ head: Envelope }>(
      `SELECT signed->'head' AS head FROM ${schema}.outbox, jsonb_array_elements(${DATA}->'heads') AS signed WHERE type = 'hms.head.issued.v1'`,
    )
    for (const name of repeated(issued.map(({ head }) => nameOf(peekPredicate<HeadPredicate>(head)))))
      violations.push(`head ${name} was issued more than once`)
  }
  const published = await observer.rows<{ head: PublishedHead }>(
    `SELECT head FROM config_store.outbox, jsonb_array_elements(${DATA}->'heads') AS head WHERE type = 'hms.head.published.v1'`,
  )
  for (const name of repeated(published.map(({ head }) => nameOf(head)))) violations.push(`head ${name} was told of more than once`)
  return violations
}

function nameOf({ policy, scope, seq }: { policy: string; scope: string; seq: number }): string {
  return `${policy}@${scope}#${seq}`
}

function repeated(names: string[]): string[] {
  const seen = new Set<string>()
  return names.filter((name) => seen.size === seen.add(name).size)
}
