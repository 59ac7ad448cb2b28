// Systems under measurement: the compiled product, embedded in a process of its own.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const BIN = fileURLToPath(new URL('../../dist/apps/cli/src/main.js', import.meta.url))
const READY_MS = 60_000

export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'hms-bench-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export function serve(argv, env) {
  const child = spawn(process.execPath, [BIN, ...argv], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  return { child, stop: () => new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGTERM'))) }
}

export async function untilReady(url) {
  const until = Date.now() + READY_MS
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then((response) => response.ok, () => false)
    if (ready) return
    if (Date.now() > until) throw new Error(`${url} is not ready`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export async function startDev() {
  const { folder, remove } = scratch()
  const port = await freePort()
  const env = { HMS_DATA_DIR: join(folder, 'data'), HMS_URL: `http://127.0.0.1:${port}` }
  const { chmodSync } = await import('node:fs')
  chmodSync(folder, 0o755)
  const dev = serve(['dev', '--port', String(port), '--data', env.HMS_DATA_DIR], env)
  await untilReady(env.HMS_URL)
  return { url: env.HMS_URL, dataDir: env.HMS_DATA_DIR, stop: async () => (await dev.stop(), remove()) }
}

export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

export function figures(label, values) {
  const sorted = [...values].sort((a, b) => a - b)
  const ms = (value) => `${value.toFixed(1)} ms`
  process.stdout.write(`${label.padEnd(44)} p50 ${ms(percentile(sorted, 0.5)).padStart(10)}   p99 ${ms(percentile(sorted, 0.99)).padStart(10)}   n ${sorted.length}\n`)
  return percentile(sorted, 0.5)
}
