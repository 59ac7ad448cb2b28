import { isTerminal, type RunView } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'
import { projectRun, stateOf, type PlannedWaits, type RunFacts } from '#libs/pipeline'

export interface RunRecord {
  facts: RunFacts
  /** Digest of the approval that opened it. */
  approval: string
  /** Smallest policy id: the key of all its events. */
  key: string
  /** Trace of the request that queued the run. A run that leaves the queue continues this trace. */
  traceparent?: string
  /** When its state last changed. Absent in runs of earlier builds that have not changed since. */
  movedAt?: string
  /** Time that the plan itself spends waiting: observation and bake. */
  waits: PlannedWaits
}

export const RUNS = documentTable<RunRecord>({
  name: 'run',
  id: (run) => String(run.facts.run),
  keys: {
    number: { type: 'bigint', of: (run) => run.facts.run },
    state: { type: 'text', of: (run) => stateOf(run.facts) },
    open: { type: 'text', of: (run) => (isTerminal(stateOf(run.facts)) ? 'no' : 'yes') },
  },
  indexes: [['number'], ['open']],
  keep: { for: 'runs', ended: { open: ['no'] } }, // guard: runs-are-pruned
})

export async function runOf(tx: Transaction, run: number | null | undefined): Promise<RunRecord | undefined> {
  return run === null || run === undefined ? undefined : tx.documents(RUNS).get(String(run))
}

export function runView({ facts, approval }: RunRecord): RunView {
  return { ...projectRun(facts), digest: approval }
}

/** Last assigned run number; one row. */
export interface RunCounter {
  id: 'run'
  last: number
}

export const RUN_COUNTER = documentTable<RunCounter>({ name: 'run_counter', id: (counter) => counter.id, keys: {} })
