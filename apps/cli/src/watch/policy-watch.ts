import type { HmsConnection, PolicyValue } from '#libs/client'
import { describeChange, diffPolicies, type PolicyDocument } from '#libs/policy'
import type { Output } from '../output/output.js'
import type { PolicyChange, ProgramEnd } from './run-program.js'

export type WatchedConnection = Pick<HmsConnection, 'state' | 'ids' | 'explain' | 'on'>

export interface PolicyWatchParts {
  connection: WatchedConnection
  output: Output
  /** Milliseconds since the epoch. */
  now(): number
  /** Called with each change after it was printed. */
  onChange(change: PolicyChange): void
}

/** Silence in ms after which a heartbeat line is printed. */
const HEARTBEAT_MS = 30_000

/** Prints the versions in force of the watched policies, and each change: as a line, or with --json as a value. */
export class PolicyWatch {
  private readonly values = new Map<string, PolicyValue>()
  private lastOutputAt = 0
  private off: (() => void)[] = []
  private hasSeenVersion = false

  constructor(
    private readonly ids: readonly string[],
    private readonly parts: PolicyWatchParts,
  ) {}

  start(): void {
    const { connection, output } = this.parts
    this.off = [
      connection.on('change', ({ id, from, to, revision }) => {
        if (this.ids.includes(id)) this.printChange({ id, from, to, revision, value: to === null ? null : connection.explain(id).value })
      }),
      connection.on('stale', ({ reason, code }) => this.printNote(`STALE: ${reason}${code === undefined ? '' : ` [${code}]`}`)),
      connection.on('ready', ({ revision }) => this.printNote(`READY at revision ${revision}`)),
      connection.on('error', (error) => this.printNote(`✗ ${error.message}`)),
    ]
    const held = new Set(connection.ids())
    for (const id of this.ids) {
      if (!held.has(id)) output.note(`${this.stamp()} no version of ${id} is in force yet`)
      else {
        const { version, revision, value } = connection.explain(id)
        this.printChange({ id, from: null, to: version, revision, value })
      }
    }
  }

  /** Whether a version of any watched policy was in force since the start. */
  get hasSeen(): boolean {
    return this.hasSeenVersion
  }

  /** Called about every second; in mode `plain` it prints a heartbeat after `HEARTBEAT_MS` of silence. */
  tick(): void {
    const { output, connection } = this.parts
    if (output.mode !== 'plain' || Math.abs(this.parts.now() - this.lastOutputAt) < HEARTBEAT_MS) return
    this.printNote(`no change, ${connection.state}`)
  }

  programEnded({ id, to }: PolicyChange, program: string, end: ProgramEnd): void {
    const { output } = this.parts
    if (output.mode === 'json') output.data({ id, version: to, exec: end }, () => [])
    else this.printNote(`${id}: ${program} ${describeEnd(end)}`)
  }

  stop(): void {
    for (const off of this.off.splice(0)) off()
  }

  private printChange(change: PolicyChange): void {
    const { output } = this.parts
    output.data(change, () => [`${this.stamp()} ${lineOf(change, this.values.get(change.id))}`])
    this.lastOutputAt = this.parts.now()
    this.hasSeenVersion = true
    if (change.value === null) this.values.delete(change.id)
    else this.values.set(change.id, change.value)
    this.parts.onChange(change)
  }

  private printNote(text: string): void {
    this.lastOutputAt = this.parts.now()
    this.parts.output.note(`${this.stamp()} ${text}`)
  }

  private stamp(): string {
    return new Date(this.parts.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}

function lineOf({ id, from, to, revision, value }: PolicyChange, before: PolicyValue | undefined): string {
  if (value === null) return `${id} ${from ?? '–'} → none in force  revision ${revision}`
  if (from === null) return `${id} ${to}  revision ${revision}`
  const fields = diffPolicies(before && documentOf(before), documentOf(value))
    .filter(({ field }) => field !== 'version')
    .map(describeChange)
  return `${id} ${from} → ${to}  revision ${revision}${fields.length === 0 ? '' : `  ${fields.join('; ')}`}`
}

function documentOf(value: PolicyValue): PolicyDocument {
  return { ...value } as PolicyDocument
}

function describeEnd({ code, signal, seconds, timedOut, error }: ProgramEnd): string {
  if (error !== undefined) return `could not be started: ${error}`
  const how = code === null ? `was killed by ${signal ?? 'a signal'}` : `exit ${code}`
  return `${how} after ${seconds} s${timedOut ? ', timed out' : ''}`
}
