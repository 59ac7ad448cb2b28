import releaseSync from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'
import type { SandboxLimits } from './limits.js'
import { ReplayError } from './replay-error.js'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** Reason why a bot was stopped: it crashed, or it used up its memory or steps. `message` contains no details of the host. */
export interface Stop {
  kind: 'crashed' | 'budget'
  message: string
}

export interface BotDeclaration {
  policies: string[]
  /** Major versions that the bot can read, by policy id. The bot can read every version of a policy that is not listed. */
  majors: Record<string, number[]>
}

export interface BatchAnswer {
  /** One `0` (quiet) or `1` (alert) per judged reading. */
  verdicts: string
  /** Kind and value of each alert; compared between runs, not interpreted. */
  alerts: string
  /** Policy ids read since `begin`. */
  reads: string[]
  stop?: Stop
}

const MESSAGE_CHARS = 200

/** Scripts that run in the sandbox, not in Node. */
const SCRIPTS = new URL(import.meta.url.endsWith('.ts') ? '../../assets/' : '../../../../../apps/simulator/assets/', import.meta.url)
const [PRELUDE, HARNESS] = ['prelude.js', 'harness.js'].map((name) => readFileSync(new URL(name, SCRIPTS), 'utf8')) as [string, string]

/**
 * One bot in a QuickJS instance of its own. `expired`: whether the wall time of the replay has run out, checked at every interrupt. Once it
 * returns true, the replay ends with `HMS_REPLAY_DEADLINE`, which is never a finding about the bot.
 */
export class BotSandbox {
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #harness: QuickJSHandle
  readonly #exhausted: () => boolean
  #interrupts = 0
  #halted: 'steps' | 'memory' | 'deadline' | undefined

  static async open(limits: SandboxLimits, expired: () => boolean): Promise<BotSandbox> {
    return new BotSandbox(await newInstance(limits.memoryBytes), limits, expired)
  }

  private constructor(
    instance: SandboxInstance,
    private readonly limits: SandboxLimits,
    expired: () => boolean,
  ) {
    this.#runtime = instance.quickjs.newRuntime({ maxStackSizeBytes: limits.stackBytes })
    this.#exhausted = instance.exhausted
    this.#runtime.setModuleLoader((name) => ({ error: new Error(`a bot has no imports (${name})`) }))
    this.#context = this.#runtime.newContext()
    const reseed = this.#context.unwrapResult(this.#context.evalCode(PRELUDE, 'prelude.js'))
    const harness = this.#context.unwrapResult(this.#context.evalCode(HARNESS, 'harness.js'))
    this.#harness = this.#context.unwrapResult(this.#context.callFunction(harness, this.#context.undefined, reseed))
    harness.dispose()
    reseed.dispose()
    this.#runtime.setInterruptHandler(() => {
      this.#interrupts -= 1
      if (expired()) this.#halted = 'deadline'
      else if (instance.exhausted()) this.#halted ??= 'memory'
      else if (this.#interrupts < 0) this.#halted ??= 'steps'
      return this.#halted !== undefined
    })
  }

  load(source: string): BotDeclaration | { stop: Stop } {
    this.#interrupts = this.limits.baseInterrupts
    const module = this.#settle(this.#context.evalCode(source, 'bot.js', { type: 'module' }))
    if ('stop' in module) return module
    const adopted = this.#call('adopt', module.value)
    return typeof adopted === 'string' ? (JSON.parse(adopted) as BotDeclaration) : { stop: adopted }
  }

  /** Starts a run under these policies, given as a JSON object by id. */
  begin(seed: number, policiesJson: string): Stop | undefined {
    this.#interrupts = this.limits.baseInterrupts
    const begun = this.#call('begin', this.#context.newNumber(seed), this.#context.newString(policiesJson))
    return typeof begun === 'string' ? undefined : begun
  }

  /** Judges one batch, given as a JSON array of `count` readings. */
  judge(readingsJson: string, count: number): BatchAnswer {
    this.#interrupts = this.limits.baseInterrupts + count * this.limits.interruptsPerReading
    const answered = this.#call('judge', this.#context.newString(readingsJson))
    if (typeof answered !== 'string') return { verdicts: '0'.repeat(this.#position()), alerts: '', reads: [], stop: answered }
    const { verdicts, alerts, reads, error } = JSON.parse(answered) as Omit<BatchAnswer, 'stop'> & { error?: string }
    return { verdicts, alerts, reads, ...(error === undefined ? {} : { stop: this.#stopOf(error) }) }
  }

  /** Returns the stop reason after the instance itself has failed: near the end of memory QuickJS may trap. */
  failed(): Stop {
    if (this.#exhausted()) return { kind: 'budget', message: 'used up its memory' }
    return { kind: 'crashed', message: 'the sandbox failed under this bot' }
  }

  /** Calls a method of the harness; consumes the arguments. A result that is not a string counts as empty. */
  #call(method: string, ...given: QuickJSHandle[]): string | Stop {
    const result = this.#settle(this.#context.callMethod(this.#harness, method, given))
    for (const handle of given) handle.dispose()
    if ('stop' in result) return result.stop
    const text = this.#context.typeof(result.value) === 'string' ? this.#context.getString(result.value) : ''
    result.value.dispose()
    return text
  }

  /** Runs the jobs a result waits for, and unwraps a promise. */
  #settle(result: ReturnType<QuickJSContext['evalCode']>): { value: QuickJSHandle } | { stop: Stop } {
    if (result.error) return { stop: this.#failure(result.error) }
    while (this.#runtime.hasPendingJob() && !this.#halted) {
      const ran = this.#runtime.executePendingJobs()
      if (ran.error) ran.error.dispose()
    }
    const state = this.#context.getPromiseState(result.value)
    if (state.type === 'fulfilled' && !this.#halted) {
      if (!state.notAPromise) result.value.dispose()
      return { value: state.value }
    }
    const failure = state.type === 'rejected' ? this.#failure(state.error) : this.#failure()
    if (state.type === 'fulfilled' && !state.notAPromise) state.value.dispose()
    result.value.dispose()
    return { stop: failure }
  }

  #failure(error?: QuickJSHandle): Stop {
    if (this.#halted) {
      error?.dispose()
      if (this.#halted === 'deadline') throw new ReplayError('HMS_REPLAY_DEADLINE', 'the replay was given up at its deadline', true)
      return { kind: 'budget', message: `used up its ${this.#halted}` }
    }
    if (!error) return { kind: 'crashed', message: 'its promise never settles' }
    const described = this.#context.callMethod(this.#harness, 'describe', [error])
    error.dispose()
    if (described.error) return this.#failureOfDescribing(described.error)
    return this.#stopOf(described.value.consume((text) => this.#context.getString(text)))
  }

  #failureOfDescribing(error: QuickJSHandle): Stop {
    error.dispose()
    return this.#halted ? this.#failure() : { kind: 'budget', message: 'used up its memory' }
  }

  #stopOf(description: string): Stop {
    // A single allocation beyond the address space fails before more memory is requested.
    if (this.#exhausted() || description === 'InternalError: out of memory') return { kind: 'budget', message: 'used up its memory' }
    return { kind: 'crashed', message: description.slice(0, MESSAGE_CHARS).toWellFormed() }
  }

  /** Returns the index of the reading being judged, to name it after a halt. */
  #position(): number {
    this.#halted = undefined
    this.#interrupts = this.limits.baseInterrupts
    const position = this.#context.callMethod(this.#harness, 'position', [])
    if (position.error) {
      position.error.dispose()
      return 0
    }
    return Math.max(
      0,
      position.value.consume((value) => this.#context.getNumber(value)),
    )
  }
}

const PAGE_BYTES = 65_536
/** Minimum number of memory pages declared by the compiled module. */
const INITIAL_PAGES = 256

interface SandboxInstance {
  quickjs: QuickJSWASMModule
  /** Whether a memory request was refused. Stays true until a smaller request is granted. */
  exhausted: () => boolean
}

/** Cast, because the type declarations of the package describe its CommonJS build. */
const RELEASE_SYNC = releaseSync as unknown as QuickJSSyncVariant

let compiled: Promise<WebAssembly.Module> | undefined

/** Returns QuickJS, compiled once per thread: compiling it for each instance would cost 7 ms of processor time per bot (measured). */
function compiledQuickJs(): Promise<WebAssembly.Module> {
  const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
  return (compiled ??= readFile(file).then((bytes) => WebAssembly.compile(bytes)))
}

/**
 * Returns a QuickJS instance of at most `memoryBytes` for one bot, unaffected by earlier bots; its memory is freed all at once. In
 * WebAssembly QuickJS's own limit counts a few bytes per allocation of any size: a bot took 2 GiB at a 16 MiB limit (measured with 0.32).
 */
async function newInstance(memoryBytes: number): Promise<SandboxInstance> {
  const maximum = memoryBytes / PAGE_BYTES
  const wasmMemory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum })
  const grow = wasmMemory.grow.bind(wasmMemory)
  let pages = INITIAL_PAGES
  let exhausted = false
  // Emscripten requests memory up to three times, less each time. The request is refused here, because the engine would first collect all
  // garbage: a bot that continues after that would cost a minute instead of a second.
  wasmMemory.grow = (more) => {
    exhausted = pages + more > maximum
    if (exhausted) throw new RangeError('the sandbox has all its memory')
    pages += more
    return grow(more)
  }
  // Emscripten's aborts also arrive as exceptions, so they are not printed.
  const emscriptenModule = { wasmMemory, printErr: () => undefined }
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(RELEASE_SYNC, { wasmModule: await compiledQuickJs(), wasmMemory, emscriptenModule }),
  )
  return { quickjs, exhausted: () => exhausted }
}
