import { documentTable, type Transaction } from '#libs/persistence'

/** A run that people or a deadline ended. The word may overtake the stage's own start, which must then not happen. */
export interface AbortedRun {
  run: number
  attempt: number
}

export const ABORTED_RUNS = documentTable<AbortedRun>({ name: 'aborted_run', id: ({ run }) => String(run), keys: {}, keep: { for: 'machinery' } })

export async function rememberAbort(tx: Transaction, { run, attempt }: AbortedRun): Promise<void> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt) await tx.documents(ABORTED_RUNS).put({ run, attempt })
}

export async function isAborted(tx: Transaction, { run, attempt }: AbortedRun): Promise<boolean> {
  return ((await tx.documents(ABORTED_RUNS).get(String(run)))?.attempt ?? 0) >= attempt
}
