import { isTerminal, type RunView } from '#libs/contracts'
import { Database, findAll } from '#libs/persistence'
import { Clock, describeError, Logger, PeriodicTask, Slots } from '#libs/platform'
import { Signals } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Observable, type Subscriber } from 'rxjs'
import { RUNS, runView } from './run.table.js'

const MAX_READERS = 2_000
/** Polling interval in ms, because a signal may be lost while its session is down. */
const POLL_MS = 10_000

/** Streams runs to readers. Every instance receives a signal after a run changed, and then reads the followed runs. */
@Injectable()
export class RunFeed implements OnModuleInit, BeforeApplicationShutdown {
  private readonly readers = new Map<number, Set<Subscriber<RunView>>>()
  private readonly slots = new Slots(MAX_READERS, 'readers of runs')
  private readonly pollTask = new PeriodicTask(this.clock, {
    everyMs: POLL_MS,
    run: () => this.poll(),
    failed: (error) => this.log.debug({ error: describeError(error) }, 'followed runs could not be read'),
  })

  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  onModuleInit(): void {
    this.signals.on('runs', () => this.wake())
    this.pollTask.start()
  }

  beforeApplicationShutdown(): void {
    void this.pollTask.stop()
  }

  /** Emits the run now and on every change; completes when it has ended. Fails with `HMS_PLACES_TAKEN` if there are too many followers. */
  follow(run: number): Observable<RunView> {
    return new Observable((reader) => {
      const release = this.slots.take()
      const readers = this.readers.get(run) ?? new Set()
      this.readers.set(run, readers.add(reader))
      this.wake()
      return () => {
        release()
        readers.delete(reader)
        if (readers.size === 0) this.readers.delete(run)
      }
    })
  }

  private wake(): void {
    if (this.readers.size > 0) this.pollTask.wake()
  }

  private async poll(): Promise<void> {
    if (this.readers.size === 0) return
    const records = await this.database.autocommit((tx) => findAll(tx, RUNS, { number: [...this.readers.keys()] }))
    for (const record of records) this.push(runView(record))
  }

  private push(view: RunView): void {
    for (const reader of this.readers.get(view.run) ?? []) {
      reader.next(view)
      if (isTerminal(view.state)) reader.complete()
    }
  }
}
