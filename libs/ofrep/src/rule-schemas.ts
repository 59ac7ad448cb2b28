import type { JsonObject } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import type { RuleSchema } from '#libs/lint'
import { describeError, PeriodicTask, type Clock, type Logger } from '#libs/platform'
import type { HeldPolicies, IsNumber } from './flag-book.js'

/** Time in ms after which a read of flags also reads the schemas again: one may have been replaced, or linter was down. */
const REFRESH_MS = 10_000

/**
 * JSON Schemas that the policies in force name, as linter registered them. They tell numbers from integers, and decide nothing. One read at
 * a time: an older response must not replace a newer one, and all changes during a read cost one more read.
 */
export class RuleSchemas extends PeriodicTask {
  private schemas = new Map<string, RuleSchema>()
  private text = '[]'
  private readAtMs = 0
  onChange: () => void = () => {}

  constructor(
    private readonly copy: Pick<HeldPolicies, 'policies' | 'documentsOf'>,
    private readonly registered: () => Promise<readonly { name: string; schema: JsonObject }[]>,
    private readonly time: Clock,
    log: Pick<Logger, 'debug'>,
  ) {
    const failed = (error: unknown): void => log.debug({ error: describeError(error) }, 'the schemas of policies were not read from linter')
    super(time, { everyMs: Infinity, run: () => this.read(), failed })
  }

  /** Called at each read of flags. Without reads, no poll. */
  refresh(): void {
    if (this.time.elapsedMs() - this.readAtMs > REFRESH_MS) this.wake()
  }

  /** Returns whether the schema of a policy calls the value at a path a number; `undefined` without a schema. */
  numbersOf({ schema }: PolicyValue): IsNumber | undefined {
    return this.schemas.get(String(schema))?.isNumber
  }

  private async read(): Promise<void> {
    this.readAtMs = this.time.elapsedMs()
    const values = this.copy.policies().flatMap((id) => this.copy.documentsOf(id).flatMap(({ value, next }) => [value, next?.held.value]))
    const names = new Set(values.flatMap((value) => value?.['schema'] ?? []))
    if (names.size === 0) return
    const named = (await this.registered()).filter(({ name }) => names.has(name))
    const text = JSON.stringify(named)
    if (text === this.text) return
    // Loaded here, because a reader whose policies name no schema needs no engine.
    const { compileRuleSchema } = await import('#libs/lint')
    const compiled = named.map(({ name, schema }) => [name, compileRuleSchema(schema)] as const)
    this.schemas = new Map(compiled.flatMap(([name, result]) => (result.ok ? [[name, result.schema] as const] : [])))
    this.text = text
    this.onChange()
  }
}
