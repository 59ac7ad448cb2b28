import type { AcceptedDecision } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/** A run that people or a deadline ended. The event may overtake the stage's own start, which must then not happen. */
export interface AbortedRun {
  run: number
  attempt: number
  /** The decision that ends it and that no stage has answered: the stage that is about to start owns the run, and answers. */
  decision?: AcceptedDecision
}

export const ABORTED_RUNS = documentTable<AbortedRun>({
  name: 'aborted_run',
  id: ({ run }) => String(run),
  keys: {},
  keep: { for: 'machinery' },
})

export async function rememberAbort(tx: Transaction, { run, attempt, decision }: AbortedRun): Promise<void> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt)
    await tx.documents(ABORTED_RUNS).put({ run, attempt, ...(decision === undefined ? {} : { decision }) })
}

/** The abort of this attempt, or of one after it. */
export async function abortOf(tx: Transaction, { run, attempt }: Omit<AbortedRun, 'decision'>): Promise<AbortedRun | undefined> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  return known !== undefined && known.attempt >= attempt ? known : undefined
}
