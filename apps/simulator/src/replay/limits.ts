/**
 * Resource limits of one bot. QuickJS itself counts steps (one interrupt per 10,000 calls or loop turns), so the same bot stops at the same
 * step on every machine. A wall-clock limit could not ensure that.
 */
export interface SandboxLimits {
  /** Bytes of all memory of one bot, QuickJS included: whole pages of 64 KiB, and at least the 16 MiB that an instance starts with. */
  memoryBytes: number
  /** Bot's stack in bytes. Above 256 KiB, deep recursion overflows the host's stack first (measured at 384 KiB), which no bot may cause. */
  stackBytes: number
  /** Interrupts allowed for loading the module, and as the base for each batch. */
  baseInterrupts: number
  /** Further interrupts per reading of a batch: an average of 10,000 steps each. */
  interruptsPerReading: number
}

export const SANDBOX_LIMITS: Readonly<SandboxLimits> = {
  memoryBytes: 32 * 1024 * 1024,
  stackBytes: 256 * 1024,
  baseInterrupts: 50,
  interruptsPerReading: 1,
}

/** Size of a batch: large enough to amortise the call, small enough to leave the bot its heap. */
export const BATCH = { readings: 500, chars: 512 * 1024 } as const

/** Maximum bytes of a bot's source. */
export const BOT_SOURCE_LIMIT = 256 * 1024
