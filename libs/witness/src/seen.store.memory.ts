import type { Remembered, SeenStore } from './seen.store.js'

export class MemorySeenStore implements SeenStore {
  private readonly logs = new Map<string, Remembered>()

  async get(origin: string): Promise<Remembered | undefined> {
    return this.logs.get(origin)
  }

  async set(origin: string, seen: Remembered): Promise<void> {
    this.logs.set(origin, seen)
  }
}
