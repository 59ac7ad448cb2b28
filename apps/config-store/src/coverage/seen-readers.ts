import type { SeenReaders } from '#libs/contracts'
import type { Subset } from '../copy/stable-heads.js'

/** Counts of an instance's unnamed readers, for other instances: `all` read all policies, `byPolicy` read a few. */
export interface CountedReaders {
  all: SeenReaders
  byPolicy: Record<string, SeenReaders>
}

/** Limit of policies reported to the other instances: readers may name any policy. */
const MAX_EXCHANGED = 1_000
const NO_READERS: SeenReaders = { stream: 0, events: 0, ofrep: 0 }

/** Counts open connections that receive policies and acknowledge nothing. */
export class ReaderCounts {
  private all = NO_READERS
  private readonly byPolicy = new Map<string, SeenReaders>()

  count(kind: keyof SeenReaders, subset: Subset | undefined, change: 1 | -1): void {
    if (subset === undefined) this.all = { ...this.all, [kind]: this.all[kind] + change }
    else for (const id of subset.ids) this.add(id, kind, change)
  }

  counted(): CountedReaders {
    return { all: this.all, byPolicy: Object.fromEntries([...this.byPolicy].slice(0, MAX_EXCHANGED)) }
  }

  private add(id: string, kind: keyof SeenReaders, change: 1 | -1): void {
    const { [kind]: before, ...rest } = this.byPolicy.get(id) ?? NO_READERS
    const seen = { ...rest, [kind]: before + change } as SeenReaders
    if (seen.stream + seen.events + seen.ofrep === 0) this.byPolicy.delete(id)
    else this.byPolicy.set(id, seen)
  }
}

export function seenOf(policy: string, instances: Iterable<CountedReaders>): SeenReaders {
  const seen = { ...NO_READERS }
  for (const { all, byPolicy } of instances) {
    for (const { stream, events, ofrep } of [all, byPolicy[policy] ?? NO_READERS]) {
      seen.stream += stream
      seen.events += events
      seen.ofrep += ofrep
    }
  }
  return seen
}
