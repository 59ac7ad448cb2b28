import type { EvaluationContext, Hook, JsonValue, Provider, ResolutionDetails, ErrorCode } from '@openfeature/server-sdk'
import { HmsError, isName, MAX_BOT_NAME, MAX_REGION_NAME, type Json } from '#libs/contracts'
import { backoffMs } from '../backoff.js'
import { type Clock, systemClock, type Timer } from '../clock.js'
import { CONNECT_OPTIONS, openConnection, type ConnectionPorts, type ConnectOptions } from '../connection/connect.js'
import type { HeldDocumentSource, ConnectionState } from '../connection/hms-connection.js'
import type { ReaderSession } from '../connection/reader-session.js'
import { requireKnownOptions } from '../known-options.js'
import type { TypedConnection } from '../policy-types.js'
import { ProviderEventsEmitter } from './provider-events.js'
import { ChangeWatch, documentsInForce, type Reader, resolve, type InForce } from '#libs/evaluation'

/** Error with the `code` that the SDK reads. The SDK's classes are not used, because the SDK may be missing at run time. */
class ProviderError extends Error {
  readonly code: ErrorCode

  constructor(code: `${ErrorCode}`, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProviderError'
    // The members of the SDK's enum are these strings.
    this.code = code as ErrorCode
  }
}

type FlagType = 'boolean' | 'string' | 'number' | 'object'

/** Resolves a flag: `ID` is the whole policy, `ID.FIELD` a field of its own type. Throws `FLAG_NOT_FOUND` and `TYPE_MISMATCH`. */
function resolveFlag<T extends JsonValue>(
  key: string,
  type: FlagType,
  reader: Reader,
  documents: HeldDocumentSource,
  state: ConnectionState,
): ResolutionDetails<T> {
  // Policy ids have no dots, but field names may.
  const dot = key.indexOf('.')
  const [id, field] = dot === -1 ? [key, undefined] : [key.slice(0, dot), key.slice(dot + 1)]
  const found = resolve(documents.of(id), reader, documents.nowMs())
  const value = found === null ? undefined : valueAt(found.held.value, field)
  if (found === null || value === undefined)
    throw new ProviderError('FLAG_NOT_FOUND', `no policy, and no field of one that is in force for this context, is called ${key}`)
  if (typeof value !== type) throw new ProviderError('TYPE_MISMATCH', `${key} is of type ${typeof value}, not ${type}`)
  const { held, reason } = found
  return {
    value: value as T,
    variant: held.value.version,
    // Unless the connection is READY, the copy may be outdated.
    reason: state === 'READY' ? reason : 'STALE',
    flagMetadata: metadataOf(held, state),
  }
}

/** Returns the value of a field; the policy if `field` is undefined. A null field counts as missing: the SDK has no null type. */
function valueAt(policy: InForce['held']['value'], field: string | undefined): Json | undefined {
  if (field === undefined) return policy as unknown as Json
  return Object.hasOwn(policy, field) ? (policy[field] ?? undefined) : undefined
}

function metadataOf({ document, head, value }: InForce['held'], state: ConnectionState): Record<string, string | number | boolean> {
  const { revision, digest, run } = document
  return {
    policyVersion: value.version,
    revision,
    ...(digest === null ? {} : { digest }),
    scope: head.scope,
    effective: value.effective,
    ...(run === null ? {} : { runId: run }),
    state,
  }
}

/** Options of the provider; defaults come from the environment, as for `connect`. */
export interface HmsProviderOptions extends ConnectOptions {
  hooks?: Hook[]
}

const OPTIONS = [...CONNECT_OPTIONS, 'hooks' satisfies keyof HmsProviderOptions]

/**
 * Provides policies as flags of the OpenFeature server SDK, over one verified connection. Evaluation is local, without I/O. The flag `ID`
 * is a whole policy, `ID.FIELD` a field. The provider's states are those of the connection; the provider does not keep the process alive.
 */
export class HmsProvider implements Provider {
  readonly metadata = { name: 'hms-svc' } as const
  readonly runsOn = 'server'
  readonly events = new ProviderEventsEmitter()
  readonly hooks: Hook[]
  private live: ReaderSession | undefined
  private off: (() => void)[] = []
  private retryTimer: Timer | undefined
  private closed = false

  /** `ports`: clock and randomness, which tests replace. */
  constructor(
    private readonly options: HmsProviderOptions = {},
    private readonly ports: ConnectionPorts = {},
  ) {
    requireKnownOptions('HmsProvider', options, OPTIONS)
    this.hooks = options.hooks ?? []
  }

  /** Connection for features that OpenFeature lacks, such as `explain`, `alert` and error events. `undefined` before the first copy. */
  get connection(): TypedConnection | undefined {
    return this.live
  }

  /**
   * Resolves on the first verified copy, live or from disk. An error that only people can fix (a missing roster, a refused key) is fatal.
   * After any other error the provider keeps retrying, and emits `PROVIDER_READY` on success.
   */
  async initialize(): Promise<void> {
    this.closed = false
    try {
      await this.open()
    } catch (error) {
      const refusal = error instanceof HmsError ? error : undefined
      if (refusal !== undefined && !refusal.retryable) throw new ProviderError('PROVIDER_FATAL', messageOf(error), { cause: error })
      this.scheduleRetry(0)
      throw new ProviderError('GENERAL', messageOf(error), { cause: error })
    }
    // The SDK marks the provider as ready after this method resolves; this corrects the state for a disk copy or a copy in doubt.
    setImmediate(() => this.correctReady())
  }

  async onClose(): Promise<void> {
    this.closed = true
    this.retryTimer?.cancel()
    for (const stop of this.off.splice(0)) stop()
    const { live } = this
    this.live = undefined
    await live?.close()
  }

  async resolveBooleanEvaluation(key: string, _fallback: boolean, context: EvaluationContext): Promise<ResolutionDetails<boolean>> {
    return this.resolve<boolean>(key, 'boolean', context)
  }

  async resolveStringEvaluation(key: string, _fallback: string, context: EvaluationContext): Promise<ResolutionDetails<string>> {
    return this.resolve<string>(key, 'string', context)
  }

  async resolveNumberEvaluation(key: string, _fallback: number, context: EvaluationContext): Promise<ResolutionDetails<number>> {
    return this.resolve<number>(key, 'number', context)
  }

  async resolveObjectEvaluation<T extends JsonValue>(key: string, _fallback: T, context: EvaluationContext): Promise<ResolutionDetails<T>> {
    return this.resolve<T>(key, 'object', context)
  }

  private resolve<T extends JsonValue>(key: string, type: FlagType, context: EvaluationContext): ResolutionDetails<T> {
    if (this.live === undefined) throw new ProviderError('PROVIDER_NOT_READY', 'there is no verified copy yet')
    const { documents, state, reader } = this.live
    return resolveFlag<T>(key, type, readerOf(context, reader), documents, state)
  }

  private async open(): Promise<void> {
    const { hooks: _hooks, ...options } = this.options
    const live = await openConnection(options, this.ports)
    if (this.closed) return live.close()
    this.live = live
    this.follow(live)
  }

  private follow(live: ReaderSession): void {
    const changes = watchFlags(live.documents, this.ports.clock ?? systemClock, (flagsChanged) =>
      this.events.emitNamed('PROVIDER_CONFIGURATION_CHANGED', { flagsChanged, metadata: { revision: live.revision } }),
    )
    this.off = [
      live.on('ready', () => this.events.emitNamed('PROVIDER_READY')),
      live.on('stale', ({ reason, code }) =>
        this.events.emitNamed('PROVIDER_STALE', { message: reason, ...(code === undefined ? {} : { metadata: { code } }) }),
      ),
      // Only the state ERROR is emitted. After a refused document the provider still evaluates.
      live.on('error', (error) => {
        if (live.state === 'ERROR') this.events.emitNamed('PROVIDER_ERROR', { message: messageOf(error) })
      }),
      live.documents.onChange(() => changes.check()),
      () => changes.stop(),
    ]
  }

  private scheduleRetry(attempt: number): void {
    const { clock = systemClock, random } = this.ports
    this.retryTimer = clock.after(backoffMs(attempt, random), () => {
      this.open().then(
        () => this.opened(),
        () => {
          if (!this.closed) this.scheduleRetry(attempt + 1)
        },
      )
    })
  }

  private opened(): void {
    if (this.live === undefined) return
    this.events.emitNamed('PROVIDER_READY')
    this.correctReady()
  }

  /** Emits the connection's state after the first copy if it is not READY. No listener was attached while the connection was opened. */
  private correctReady(): void {
    const { live } = this
    if (live?.refusal !== undefined) this.events.emitNamed('PROVIDER_ERROR', { message: messageOf(live.refusal) })
    else if (live?.state === 'STALE') this.events.emitNamed('PROVIDER_STALE', { message: 'the first copy may be old' })
  }
}

function messageOf(error: unknown): string {
  if (error instanceof HmsError) return `${error.message} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}

/** Returns the reader of a context: its `targetingKey` as bot, and its `region`. Default: the connection's. Throws `INVALID_CONTEXT`. */
function readerOf({ targetingKey, region }: EvaluationContext, own: Reader): Reader {
  return {
    bot: nameIn('targetingKey', targetingKey, MAX_BOT_NAME) ?? own.bot,
    region: nameIn('region', region, MAX_REGION_NAME) ?? own.region,
  }
}

function nameIn(what: string, value: unknown, max: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (isName(value, max)) return value
  const message = `${what} must be text of at most ${max} characters, without control characters and half surrogate pairs`
  throw new ProviderError('INVALID_CONTEXT', message)
}

/** Calls `changed` with the sorted keys of all flags of changed policies (flags have policy metadata), also of added and removed flags. */
function watchFlags(documents: HeldDocumentSource, clock: Clock, changed: (flags: string[]) => void): ChangeWatch {
  const keysOf = (id: string): string[] => {
    const fields = documentsInForce(documents.of(id), documents.nowMs()).map(({ value }) => Object.keys(value ?? {}))
    return fields.length === 0 ? [] : [id, ...fields.flat().map((field) => `${id}.${field}`)]
  }
  const known = new Map(documents.policies().map((id) => [id, keysOf(id)]))
  const copy = { policies: () => documents.policies(), documentsOf: (id: string) => documents.of(id), nowMs: () => documents.nowMs() }
  const after = (delayMs: number, action: () => void): (() => void) => {
    const timer = clock.after(delayMs, action)
    return () => timer.cancel()
  }
  const onChange = (policies: string[]): void => {
    const flags = policies.flatMap((id) => {
      const [before, now] = [known.get(id) ?? [], keysOf(id)]
      known.set(id, now)
      return [...before, ...now]
    })
    changed([...new Set(flags)].sort())
  }
  return new ChangeWatch(copy, { after }, onChange, 0)
}
