import { Client, type QueryResult } from 'pg'
import { describeError, TransientError, uuidv7, type Clock, type Logger } from '#libs/platform'

const RECONNECT_MS = 500
const PROBE_MS = 1_000
/** Timeout after which the session counts as lost: another instance leads within 5 s of a network cut. */
const SESSION_QUERY_MS = 3_000
/** The server drops a client whose host vanished after 5 + 3 × 2 s, and releases its locks; the default is two hours. */
export const SERVER_KEEPALIVE = '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000'
const NOTIFY_DEBOUNCE_MS = 2

/**
 * The direct connection of a service process: it holds session advisory locks (leadership) and transports LISTEN/NOTIFY between instances.
 * It must not pass through a pooler in transaction mode, which would break both. If the connection is lost, leadership is lost at once.
 */
export class ServiceSession {
  private client: Client | undefined
  private stopped = false
  private readonly ledShards = new Set<number>()
  private readonly listeners = new Set<(topic: string) => void>()
  private readonly outgoing = new Set<string>()
  private queue: Promise<unknown> = Promise.resolve()
  private cancelNotify: (() => void) | undefined
  private cancelReconnect: () => void = () => {}
  private cancelProbe: () => void = () => {}

  constructor(
    private readonly url: string,
    private readonly schema: string,
    private readonly clock: Clock,
    private readonly log: Logger,
    /** Identifies this process among the instances of its service. */
    readonly instance: string = uuidv7(clock.now()),
  ) {}

  async start(): Promise<void> {
    this.stopped = false
    await this.connect()
  }

  /** Registers a listener for notifications of other instances of this service. */
  onNotification(listener: (topic: string) => void): void {
    this.listeners.add(listener)
  }

  /** Notifies other instances, debounced: a NOTIFY inside the business transaction would serialise every commit of the server. */
  notify(topic: string): void {
    this.outgoing.add(topic)
    this.cancelNotify ??= this.clock.after(NOTIFY_DEBOUNCE_MS, () => this.flush())
  }

  /** Runs queries one at a time, because leadership, notifications and probes share one connection. */
  private enqueue<R extends object>(client: Client, sql: string, values: unknown[] = []): Promise<QueryResult<R>> {
    const result = this.queue.then(() => client.query<R>(sql, values))
    this.queue = result.catch(() => {})
    return result
  }

  private get instanceLockName(): string {
    return `${this.schema} instances`
  }

  /** Tries to become leader of `shard`; leadership lasts until the session ends. */
  async tryLead(shard: number): Promise<boolean> {
    if (this.ledShards.has(shard) && this.client !== undefined) return true
    if (this.client === undefined) return false
    const result = await this.enqueue<{ ok: boolean }>(this.client, 'SELECT pg_try_advisory_lock(hashtext($1), $2) AS ok', [
      this.schema,
      shard,
    ])
    const ok = result.rows[0]?.ok === true // guard: advisory-lock
    if (ok) this.ledShards.add(shard)
    return ok
  }

  /**
   * Returns the given instances of the service that have no session. Rejects with `TransientError` while this process has none: the result
   * would be unreliable. A killed process loses its session at once; a process cut off briefly reconnects within a second.
   */
  async findDisconnected(instances: readonly string[]): Promise<string[]> {
    if (this.client === undefined) throw new TransientError('no session')
    const { rows } = await this.enqueue<{ name: string }>(
      this.client,
      `SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
         SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE
            datname = current_database())
           AND classid = (hashtext($2)::bigint & 4294967295)::oid AND objid = (hashtext(name)::bigint & 4294967295)::oid)`,
      [instances, this.instanceLockName],
    )
    return rows.map((row) => row.name)
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.cancelReconnect()
    this.cancelNotify?.()
    const client = this.client
    this.dropClient()
    await client?.end().catch(() => {})
  }

  private async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      application_name: `hms-svc ${this.schema} session`,
      connectionTimeoutMillis: 5_000,
      query_timeout: SESSION_QUERY_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      options: SERVER_KEEPALIVE,
    })
    const onLost = (error?: Error): void => {
      if (this.client !== client) return
      this.log.warn({ schema: this.schema, error: error?.message }, 'session lost; leadership released')
      this.dropClient()
      this.reconnectLater()
    }
    client.on('error', onLost)
    client.on('end', () => onLost())
    client.on('notification', ({ payload }) => {
      const [sender, topic] = (payload ?? '').split(' ')
      // This instance has already notified itself.
      if (sender !== this.instance && topic !== undefined) for (const listener of this.listeners) listener(topic)
    })
    try {
      await client.connect()
      await client.query(`LISTEN hms_${this.schema}`)
      await client.query('SELECT pg_advisory_lock_shared(hashtext($1), hashtext($2))', [this.instanceLockName, this.instance])
      if (this.stopped) throw new Error('stopped meanwhile') // guard: session-of-the-stopped
    } catch (error) {
      destroySocket(client) // guard: session-not-had
      throw error
    }
    this.client = client
    this.probeLater(client, onLost)
    this.flush() // guard: wake-ups-kept
  }

  /** Probes the session every second: an idle connection does not notice a cut network, and leadership must end with the session. */
  private probeLater(client: Client, onLost: (error: Error) => void): void {
    this.cancelProbe = this.clock.after(PROBE_MS, () => {
      this.enqueue(client, 'SELECT 1').then(
        () => this.client === client && this.probeLater(client, onLost),
        (error: Error) => {
          onLost(error)
          destroySocket(client)
        },
      )
    })
  }

  private dropClient(): void {
    this.cancelProbe()
    this.client = undefined
    this.queue = Promise.resolve()
    this.ledShards.clear()
  }

  private reconnectLater(): void {
    if (this.stopped) return
    this.cancelReconnect = this.clock.after(RECONNECT_MS, () => {
      this.connect().catch((error: unknown) => {
        this.log.debug({ schema: this.schema, error: describeError(error) }, 'session could not be reconnected; retrying')
        this.reconnectLater()
      })
    })
  }

  private flush(): void {
    this.cancelNotify = undefined
    const { client } = this
    // The topics are kept until the next session sends them; there are only a few.
    if (client === undefined) return
    const topics = [...this.outgoing]
    this.outgoing.clear()
    for (const topic of topics) {
      this.enqueue(client, 'SELECT pg_notify($1, $2)', [`hms_${this.schema}`, `${this.instance} ${topic}`]).catch((error: unknown) => {
        this.log.debug(
          { schema: this.schema, error: describeError(error) },
          'notification not sent; other instances see the change at their next poll',
        )
      })
    }
  }
}

/** Destroys the socket: a server that does not respond would not respond to an orderly end either. */
function destroySocket(client: Client): void {
  ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
}
