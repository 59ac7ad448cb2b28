import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC, type QuickJSWASMModule } from 'quickjs-emscripten'

const PAGE_BYTES = 65_536
/** Minimum number of memory pages declared by the compiled module. */
const INITIAL_PAGES = 256

export interface SandboxInstance {
  quickjs: QuickJSWASMModule
  /** Whether a memory request was refused. Stays true until a smaller request is granted. */
  exhausted: () => boolean
}

let compiled: Promise<WebAssembly.Module> | undefined

/**
 * QuickJS, compiled once in this thread: compiling it for each instance would cost 7 ms of processor time a bot (measured). The file is a
 * dependency of quickjs-emscripten, and therefore resolved from there.
 */
function compiledQuickJs(): Promise<WebAssembly.Module> {
  const emscripten = createRequire(import.meta.url).resolve('quickjs-emscripten')
  const file = createRequire(emscripten).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
  return (compiled ??= readFile(file).then((bytes) => WebAssembly.compile(bytes)))
}

/**
 * A fresh WebAssembly instance of QuickJS that can never hold more than `memoryBytes`. The limit that QuickJS itself
 * offers does not hold: built for WebAssembly it counts a few bytes per allocation whatever its size, and a bot took
 * 2 GiB under a limit of 16 MiB (measured with 0.32). Each bot gets an instance of its own, so that where its memory ends
 * does not depend on the bots before it; the instance is dropped whole, never freed piece by piece.
 */
export async function newInstance(memoryBytes: number): Promise<SandboxInstance> {
  const maximum = memoryBytes / PAGE_BYTES
  const wasmMemory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum })
  const grow = wasmMemory.grow.bind(wasmMemory)
  let pages = INITIAL_PAGES
  let exhausted = false
  // Emscripten asks up to three times, for less each time. Refused here and not by the engine, which collects all garbage
  // before it refuses: a bot that goes on after that would cost a minute instead of a second.
  wasmMemory.grow = (more) => {
    exhausted = pages + more > maximum
    if (exhausted) throw new RangeError('the sandbox has all its memory')
    pages += more
    return grow(more)
  }
  // Emscripten prints its aborts; they reach us as exceptions.
  const emscriptenModule = { wasmMemory, printErr: () => undefined }
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(RELEASE_SYNC, { wasmModule: await compiledQuickJs(), wasmMemory, emscriptenModule }),
  )
  return { quickjs, exhausted: () => exhausted }
}
