import type { AcceptedDecision } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'

/**
 * A run that people or a deadline ended, or decided on. The event may overtake the stage's own start, which must then not happen, or be
 * followed by the answer.
 */
export interface AbortedRun {
  run: number
  /** It is over here, with all before it; 0 where no attempt is. */
  attempt: number
  /** The decision that ends it and that no stage has answered: the stage that is about to start owns the run, and answers. */
  decision?: AcceptedDecision
  /** A decision about the next attempt that came before it and does not end it: answered once that is open. */
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

/** Keeps a decision that does not end its run until the run comes. The attempts before the one that people decide on are over. */
export async function rememberEarly(tx: Transaction, early: AcceptedDecision): Promise<void> {
  const { run, attempt } = early
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt) await tx.documents(ABORTED_RUNS).put({ run, attempt: attempt - 1, early })
}

/** The decision that came before this attempt did. */
export async function earlyDecision(
  tx: Transaction,
  { run, attempt }: Pick<AbortedRun, 'run' | 'attempt'>,
): Promise<AcceptedDecision | undefined> {
  const early = (await tx.documents(ABORTED_RUNS).get(String(run)))?.early
  return early?.attempt === attempt ? early : undefined
}

/** The abort of this attempt, or of one after it. */
export async function abortOf(tx: Transaction, { run, attempt }: Pick<AbortedRun, 'run' | 'attempt'>): Promise<AbortedRun | undefined> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  return known !== undefined && known.attempt >= attempt ? known : undefined
}
