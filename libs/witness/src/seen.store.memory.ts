import type { Seen } from '#libs/signing'
import type { SeenStore } from './seen.store.js'

export class MemorySeenStore implements SeenStore {
  private readonly logs = new Map<string, Seen>()

  async get(origin: string): Promise<Seen | undefined> {
    return this.logs.get(origin)
  }

  async set(origin: string, seen: Seen): Promise<void> {
    this.logs.set(origin, seen)
  }
}
