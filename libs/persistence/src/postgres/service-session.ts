import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { describeError, type Clock, type Logger } from '#libs/platform'

const RECONNECT_MS = 500
const NOTIFY_DEBOUNCE_MS = 2

/**
 * The one direct connection of a service process: it holds session advisory locks (leadership) and carries LISTEN/NOTIFY between
 * instances. Never through a pooler in transaction mode, which would break both. Losing it loses leadership at once.
 */
export class ServiceSession {
  private client: Client | undefined
  private stopped = false
  private readonly held = new Set<number>()
  private readonly listeners = new Set<(topic: string) => void>()
  private readonly outgoing = new Set<string>()
  private readonly id = randomUUID()
  private cancelNotify: (() => void) | undefined
  private cancelReconnect: () => void = () => {}

  constructor(
    private readonly url: string,
    private readonly schema: string,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    this.stopped = false
    await this.connect()
  }

  /** Calls back for each wake-up that another instance of this service sent. */
  onNotification(listener: (topic: string) => void): void {
    this.listeners.add(listener)
  }

  /** Wakes other instances, debounced: a NOTIFY inside the business transaction would serialise every commit of the server. */
  notify(topic: string): void {
    this.outgoing.add(topic)
    this.cancelNotify ??= this.clock.after(NOTIFY_DEBOUNCE_MS, () => this.flush())
  }

  /** Tries to become leader of `shard`; stays so until the session ends. */
  async tryLead(shard: number): Promise<boolean> {
    if (this.held.has(shard) && this.client !== undefined) return true
    if (this.client === undefined) return false
    const result = await this.client.query<{ ok: boolean }>('SELECT pg_try_advisory_lock(hashtext($1), $2) AS ok', [this.schema, shard])
    const ok = result.rows[0]?.ok === true
    if (ok) this.held.add(shard)
    return ok
  }

  leads(shard: number): boolean {
    return this.client !== undefined && this.held.has(shard)
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.cancelReconnect()
    this.cancelNotify?.()
    const client = this.client
    this.drop()
    await client?.end().catch(() => {})
  }

  private async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      application_name: `hms-svc ${this.schema} session`,
      connectionTimeoutMillis: 5_000,
      query_timeout: 10_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    })
    const lost = (error?: Error): void => {
      if (this.client !== client) return
      this.log.warn({ schema: this.schema, error: error?.message }, 'session lost; leadership given up')
      this.drop()
      this.reconnectLater()
    }
    client.on('error', lost)
    client.on('end', () => lost())
    client.on('notification', ({ payload }) => {
      const [sender, topic] = (payload ?? '').split(' ')
      // This instance has woken itself already.
      if (sender !== this.id && topic !== undefined) for (const listener of this.listeners) listener(topic)
    })
    await client.connect()
    await client.query(`LISTEN hms_${this.schema}`)
    this.client = client
  }

  private drop(): void {
    this.client = undefined
    this.held.clear()
  }

  private reconnectLater(): void {
    if (this.stopped) return
    this.cancelReconnect = this.clock.after(RECONNECT_MS, () => {
      this.connect().catch((error: unknown) => {
        this.log.debug({ schema: this.schema, error: describeError(error) }, 'session not back yet')
        this.reconnectLater()
      })
    })
  }

  private flush(): void {
    this.cancelNotify = undefined
    const topics = [...this.outgoing]
    this.outgoing.clear()
    for (const topic of topics) {
      this.client?.query('SELECT pg_notify($1, $2)', [`hms_${this.schema}`, `${this.id} ${topic}`]).catch((error: unknown) => {
        this.log.debug({ schema: this.schema, error: describeError(error) }, 'wake-up not sent; the safety net polls')
      })
    }
  }
}
