import { command } from '#libs/contracts'
import type { Clock, Logger, Metrics } from '#libs/platform'
import type { NoteKey } from '#libs/signing'

const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000

interface Suspension {
  witness: string
  reason: string
  waitMs: number
  /** Earliest next query, ms since the epoch. */
  askAt: number
}

/**
 * Witnesses that contradict the log without proof. Each counts as missing until it signs again. An unsigned claim of one witness must not
 * stop a log that others sign. A forked log is stopped by missing signatures: no witness that saw the other history signs it.
 */
export class SuspendedWitnesses {
  private readonly suspended = new Map<string, Suspension>()
  private readonly gauge = this.metrics.gauge(
    'audit_witness_suspended',
    '1 while a witness contradicts the audit log and counts as missing',
    ['witness'],
  )

  constructor(
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {}

  /** Whether the witness may be queried now: always, unless it is suspended and its wait has not expired. */
  mayAsk(key: NoteKey): boolean {
    return (this.suspended.get(idOf(key))?.askAt ?? 0) <= this.clock.now().getTime()
  }

  isSuspended(key: NoteKey): boolean {
    return this.suspended.has(idOf(key))
  }

  /** Doubles the wait until the next query, up to `LONGEST_WAIT_MS`. Called at each query, before its response is known. */
  asked(key: NoteKey): void {
    const suspension = this.suspended.get(idOf(key))
    if (suspension === undefined) return
    suspension.waitMs = Math.min(suspension.waitMs * 2, LONGEST_WAIT_MS) // guard: witness-back-off
    suspension.askAt = this.clock.now().getTime() + suspension.waitMs
  }

  suspend(key: NoteKey, reason: string): void {
    const known = this.suspended.get(idOf(key))
    if (known !== undefined) {
      known.reason = reason
      return
    }
    this.suspended.set(idOf(key), { witness: key.name, reason, waitMs: FIRST_WAIT_MS, askAt: this.clock.now().getTime() + FIRST_WAIT_MS })
    this.gauge.set({ witness: key.name }, 1)
    this.log.error({ ...alarmOf(key), reason }, 'alarm: a witness contradicts the audit log; it counts as missing and is asked again')
  }

  /** Ends the suspension of a witness that signed. */
  restore(key: NoteKey): void {
    if (!this.suspended.delete(idOf(key))) return
    this.gauge.set({ witness: key.name }, 0)
    this.log.warn(alarmOf(key), 'alarm over')
  }

  /** Removes witnesses that a newer roster or configuration does not name. Every other witness has a gauge, even if never suspended. */
  keepOnly(keys: readonly NoteKey[]): void {
    const asked = new Set(keys.map(idOf))
    for (const id of this.suspended.keys()) if (!asked.has(id)) this.suspended.delete(id)
    this.gauge.reset()
    for (const { name } of keys) this.gauge.set({ witness: name }, 0)
    for (const { witness } of this.suspended.values()) this.gauge.set({ witness }, 1)
  }

  get concerns(): string[] {
    return [...this.suspended.values()].map(({ witness, reason }) => `witness ${witness} is suspended: ${reason}`)
  }
}

const idOf = ({ name, id }: NoteKey): string => `${name}+${id}`
const alarmOf = ({ name }: NoteKey): Record<string, unknown> => ({
  alarm: 'audit_witness_suspended',
  witness: name,
  next: command('audit.verify'),
})
