import { isTerminal, type RunView } from '#libs/contracts'
import { Places } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Observable, type Subscriber } from 'rxjs'
import { RUNS, runView } from './run.table.js'

const MAX_READERS = 2_000

/** Runs that are followed, one stream per reader. Woken by the signal that every instance gets after a run changed. */
@Injectable()
export class RunFeed implements OnModuleInit {
  private readonly readers = new Map<number, Set<Subscriber<RunView>>>()
  private readonly places = new Places(MAX_READERS, 'readers of runs')
  private refreshing = false
  private again = false

  constructor(private readonly runtime: ServiceRuntime) {}

  onModuleInit(): void {
    this.runtime.onSignal('runs', () => this.wake())
  }

  /** The run now, then on every change; completes when it has ended. Fails with `HMS_PLACES_TAKEN` when too many follow. */
  follow(run: number): Observable<RunView> {
    return new Observable((reader) => {
      const leave = this.places.take()
      const readers = this.readers.get(run) ?? new Set()
      this.readers.set(run, readers.add(reader))
      this.wake()
      return () => {
        leave()
        readers.delete(reader)
        if (readers.size === 0) this.readers.delete(run)
      }
    })
  }

  private wake(): void {
    this.again = true
    if (!this.refreshing && this.readers.size > 0) void this.refresh()
  }

  private async refresh(): Promise<void> {
    this.refreshing = true
    try {
      while (this.again && this.readers.size > 0) {
        this.again = false
        const numbers = [...this.readers.keys()]
        const records = await this.runtime.database.transaction((tx) => tx.documents(RUNS).find({ where: { number: numbers } }))
        for (const record of records) this.push(runView(record))
      }
    } catch {
      // The next signal, or the reader's own reconnect, tries again.
    } finally {
      this.refreshing = false
    }
  }

  private push(view: RunView): void {
    for (const reader of this.readers.get(view.run) ?? []) {
      reader.next(view)
      if (isTerminal(view.state)) reader.complete()
    }
  }
}
