import type { RunState } from '#libs/contracts'

/**
 * How a verb speaks on success. `value`: data, in every form. `report`: data that `--quiet` leaves out. `result`: lines that begin with ✓ or
 * ✗, which `--quiet` leaves out. `lines`: NDJSON in every form.
 */
export type Manner = 'value' | 'report' | 'result' | 'lines'

/**
 * One call: a command line (see `Harness.argvOf` for its words), its exit code, what it says in words, and the members of its JSON value, or
 * of the first of its list.
 */
export type Row = [line: string, code: number, says: string, has?: string, more?: More]

export interface More {
  /** The run of this policy is in this state before the verb is called. */
  awaits?: readonly [policy: string, state: RunState]
  /** The forms one after the other: the system does this once at a time. */
  alone?: true
  /** Variables beside those of the shared system. */
  env?: Record<string, string>
}

/** One call that is refused: its exit code and the code of its error. */
export type Refusal = [line: string, code: number, error: string]
