import { compileRuleSchema, type RuleSchema } from '#libs/lint'
import { Clock, describeError, Logger, type Environment } from '#libs/platform'
import { urlsOf } from '#libs/process'
import { ENVIRONMENT, PeerReads } from '#libs/service'
import type { JsonObject } from '#libs/contracts'
import type { PolicyValue } from '#libs/evaluation'
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'

const BOUNDS = { maxBytes: 16 * 1024 * 1024, timeoutMs: 5_000 }
const RETRY_MS = 5_000
/** Time in ms after which a read of flags checks whether a schema was replaced; after a failure, `RETRY_MS`. */
const REFRESH_MS = 60_000

/** Registered JSON Schemas that the policies in force name, read from linter. They tell numbers from integers, and decide nothing. */
@Injectable()
export class RuleSchemas implements OnModuleInit {
  private schemas = new Map<string, { text: string; schema: RuleSchema }>()
  private readonly urls: readonly string[]
  private reading = false
  private failed = false
  private readAtMs = 0
  /** Called when a schema is new or was replaced. */
  onChange: () => void = () => {}

  constructor(
    private readonly peers: PeerReads,
    private readonly copy: DocumentCopy,
    private readonly clock: Clock,
    private readonly log: Logger,
    @Inject(ENVIRONMENT) environment: Environment,
  ) {
    this.urls = urlsOf('linter', environment)
  }

  onModuleInit(): void {
    this.copy.onChange(() => {
      if (this.isMissing()) this.readSoon()
    })
  }

  /** Returns whether the schema of a policy calls the value at a path a number; `undefined` without a schema. */
  numbersOf({ schema }: PolicyValue): ((path: readonly string[]) => boolean) | undefined {
    const known = typeof schema === 'string' ? this.schemas.get(schema)?.schema : undefined
    return known === undefined ? undefined : (path) => known.isNumber(path)
  }

  /** Called at each read of flags: reads the schemas again if they are old, in the background. Nothing polls while nobody reads. */
  refresh(): void {
    const ageMs = this.clock.elapsedMs() - this.readAtMs
    if (ageMs < RETRY_MS || (ageMs < REFRESH_MS && !this.failed)) return
    this.readAtMs = this.clock.elapsedMs()
    if (this.named().length > 0) this.readSoon()
  }

  private isMissing(): boolean {
    return this.named().some((name) => !this.schemas.has(name))
  }

  private named(): string[] {
    const values = this.copy.policies().flatMap((id) => this.copy.documentsOf(id).flatMap(({ value, next }) => [value, next?.held.value]))
    return [...new Set(values.flatMap((value) => (typeof value?.schema === 'string' ? value.schema : [])))]
  }

  private readSoon(): void {
    if (this.reading) return
    this.reading = true
    void this.read()
      .then(() => (this.failed = false))
      .catch((error: unknown) => {
        this.failed = true
        this.log.debug({ error: describeError(error) }, 'the schemas of policies were not read from linter')
      })
      .finally(() => (this.reading = false))
  }

  private async read(): Promise<void> {
    const url = this.urls[0]!
    const registered = await this.peers.get<{ name: string; schema: JsonObject }[]>(url, '/v1/schemas', BOUNDS)
    const names = this.named()
    const before = this.schemas
    this.schemas = new Map(
      registered.flatMap(({ name, schema }) => {
        const text = JSON.stringify(schema)
        const compiled = names.includes(name) ? compileRuleSchema(schema) : undefined
        return compiled?.ok === true ? [[name, { text, schema: compiled.schema }]] : []
      }),
    )
    if ([...this.schemas].some(([name, { text }]) => before.get(name)?.text !== text)) this.onChange()
  }
}
