import type { AcceptedDecision } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/**
 * A run that was ended or decided on. The event may arrive before the stage's own start, which must then not happen, or be followed by the
 * response.
 */
export interface AbortedRun {
  run: number
  /** Last ended attempt: it and all earlier ones are ended here; 0 if none is. */
  attempt: number
  /** Decision that ends the run and has no response yet: the stage about to start owns the run, and responds. */
  decision?: AcceptedDecision
  /** Decision about the next attempt that arrived before it and does not end it; the response follows once the attempt is opened. */
  early?: AcceptedDecision
}

export const ABORTED_RUNS = documentTable<AbortedRun>({
  name: 'aborted_run',
  id: ({ run }) => String(run),
  keys: {},
  keep: { for: 'machinery' },
})

export async function rememberAbort(tx: Transaction, { run, attempt, decision }: Omit<AbortedRun, 'early'>): Promise<void> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt)
    await tx.documents(ABORTED_RUNS).put({ run, attempt, ...(decision === undefined ? {} : { decision }) })
}

/** Stores a decision that does not end its run until the run arrives. Attempts before the one decided on are ended. */
export async function rememberEarly(tx: Transaction, early: AcceptedDecision): Promise<void> {
  const { run, attempt } = early
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt) await tx.documents(ABORTED_RUNS).put({ run, attempt: attempt - 1, early })
}

/** Returns the decision that arrived before this attempt. */
export async function earlyDecision(
  tx: Transaction,
  { run, attempt }: Pick<AbortedRun, 'run' | 'attempt'>,
): Promise<AcceptedDecision | undefined> {
  const early = (await tx.documents(ABORTED_RUNS).get(String(run)))?.early
  return early?.attempt === attempt ? early : undefined
}

/** Returns the abort of this attempt, or of a later one. */
export async function abortOf(tx: Transaction, { run, attempt }: Pick<AbortedRun, 'run' | 'attempt'>): Promise<AbortedRun | undefined> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  return known !== undefined && known.attempt >= attempt ? known : undefined
}
