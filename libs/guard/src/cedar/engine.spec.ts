import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { transformSync } from 'esbuild'
import { expect, it } from 'vitest'

const EXTERNREF = 0x6f
const section = (id: number, body: number[]): number[] => [id, body.length, ...body]
const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
/** Module whose export `f` calls the import `m.c` and returns a null `externref`. */
const WASM = [
  ...MAGIC,
  ...section(1, [2, 0x60, 0, 0, 0x60, 0, 1, EXTERNREF]),
  ...section(2, [1, 1, 0x6d, 1, 0x63, 0, 0]),
  ...section(3, [1, 1]),
  ...section(7, [1, 1, 0x66, 0, 1]),
  ...section(10, [1, 6, 0, 0x10, 0, 0xd0, EXTERNREF, 0x0b]),
]

/** Script in which V8 deoptimises `call` while `call` waits for the WebAssembly function that it called. */
const CALLS = `
let drop = false
const c = () => { if (drop) %DeoptimizeFunction(call) }
const { f } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([${WASM.join()}])), { m: { c } }).exports
function call() { return f() }
%PrepareFunctionForOptimization(call); call(); call()
;%OptimizeFunctionOnNextCall(call); call()
drop = true
console.log(call())
`

it('a call of the engine survives the deoptimisation of its caller', () => {
  const source = readFileSync(new URL('engine.ts', import.meta.url), 'utf8')
  const { code } = transformSync(source, { loader: 'ts', format: 'esm' })
  const script = `${code}\nloadCedar()\n${CALLS}`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--allow-natives-syntax', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect({ status, signal, stdout, stderr }).toMatchObject({ status: 0, stdout: 'null\n' })
})
