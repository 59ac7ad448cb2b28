import type { JsonObject } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import { compileRuleSchema, type RuleSchema } from '#libs/lint'
import { Clock, describeError, Logger, PeriodicTask, type Environment } from '#libs/platform'
import { urlsOf } from '#libs/process'
import { ENVIRONMENT, PeerReads } from '#libs/service'
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'

const BOUNDS = { maxBytes: 16 * 1024 * 1024, timeoutMs: 5_000 }
/** Time in ms after which a read of flags also reads the schemas again: one may have been replaced, or linter was down. */
const REFRESH_MS = 10_000

/** JSON Schemas that the policies in force name, read from linter. They tell numbers from integers, and decide nothing. */
@Injectable()
export class RuleSchemas implements OnModuleInit {
  private schemas = new Map<string, RuleSchema>()
  private text = '[]'
  private readAtMs = 0
  /** One read at a time: an older response must not replace a newer one, and all changes during a read cost one more read. */
  private readonly reads = new PeriodicTask(this.clock, {
    everyMs: Infinity,
    run: () => this.read(),
    failed: (error) => this.log.debug({ error: describeError(error) }, 'the schemas of policies were not read from linter'),
  })
  onChange: () => void = () => {}

  constructor(
    private readonly peers: PeerReads,
    private readonly copy: DocumentCopy,
    private readonly clock: Clock,
    private readonly log: Logger,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  onModuleInit(): void {
    this.reads.start()
    this.copy.onChange(() => this.reads.wake())
  }

  /** Returns whether the schema of a policy calls the value at a path a number; `undefined` without a schema. */
  numbersOf({ schema }: PolicyValue): ((path: readonly string[]) => boolean) | undefined {
    return this.schemas.get(String(schema))?.isNumber
  }

  /** Called at each read of flags. Without reads, no poll. */
  refresh(): void {
    if (this.clock.elapsedMs() - this.readAtMs > REFRESH_MS) this.reads.wake()
  }

  private async read(): Promise<void> {
    this.readAtMs = this.clock.elapsedMs()
    const values = this.copy.policies().flatMap((id) => this.copy.documentsOf(id).flatMap(({ value, next }) => [value, next?.held.value]))
    const names = new Set(values.flatMap((value) => value?.['schema'] ?? []))
    if (names.size === 0) return
    const readFrom = (url: string) => this.peers.get<{ name: string; schema: JsonObject }[]>(url, '/v1/schemas', BOUNDS)
    const registered = await Promise.any(urlsOf('linter', this.environment).map(readFrom))
    const named = registered.filter(({ name }) => names.has(name))
    const text = JSON.stringify(named)
    if (text === this.text) return
    const compiled = named.map(({ name, schema }) => [name, compileRuleSchema(schema)] as const)
    this.schemas = new Map(compiled.flatMap(([name, result]) => (result.ok ? [[name, result.schema] as const] : [])))
    this.text = text
    this.onChange()
  }
}
