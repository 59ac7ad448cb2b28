import type { BotPresence } from './coverage.js'

/** `refused`: the database refused the bot's last report. The bot is hidden from other instances until it sends another report. */
export type OwnBot = BotPresence & { socket: unknown; chunk: number; refused?: boolean }

/**
 * Named bots of one instance. A name with several sockets counts once, by the socket that joined last; when that socket leaves, the
 * previous one counts, with its last report. No I/O, no clock.
 */
export class OwnBots {
  /** Entries by name, in the order in which their sockets joined. */
  private readonly entries = new Map<string, OwnBot[]>()

  /** Returns the entry that counts for this name. */
  get(bot: string): OwnBot | undefined {
    return this.entries.get(bot)?.at(-1)
  }

  *all(): Iterable<OwnBot> {
    for (const bot of this.entries.keys()) yield this.get(bot)!
  }

  entryOf(bot: string, socket: unknown): OwnBot | undefined {
    return this.entries.get(bot)?.find((entry) => entry.socket === socket)
  }

  /** Replaces the earlier report of this socket. Returns whether the entry counts. */
  put(entry: OwnBot): boolean {
    const entries = this.entries.get(entry.bot) ?? []
    const index = entries.findIndex(({ socket }) => socket === entry.socket)
    if (index < 0) entries.push(entry)
    else entries[index] = entry
    this.entries.set(entry.bot, entries)
    return entries.at(-1) === entry
  }

  /** Removes the socket's entry; returns it if it was the one that counted. */
  delete(bot: string, socket: unknown): OwnBot | undefined {
    const counted = this.get(bot)
    const remaining = this.entries.get(bot)?.filter((entry) => entry.socket !== socket) ?? []
    if (remaining.length === 0) this.entries.delete(bot)
    else this.entries.set(bot, remaining)
    return counted?.socket === socket ? counted : undefined
  }
}

/** Returns the newer report of a bot known to two instances: a dead connection that is not closed yet must not hide the live one. */
export function newerOf<B extends BotPresence, O extends BotPresence>(one: B, other: O | undefined): B | O {
  return other !== undefined && other.since > one.since ? other : one
}
