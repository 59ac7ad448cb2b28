import type { StoredCheckpoint, SeenStore } from '../seen.store.js'

export class MemorySeenStore implements SeenStore {
  private readonly logs = new Map<string, StoredCheckpoint>()

  async get(origin: string): Promise<StoredCheckpoint | undefined> {
    return this.logs.get(origin)
  }

  async set(origin: string, seen: StoredCheckpoint): Promise<void> {
    this.logs.set(origin, seen)
  }
}
