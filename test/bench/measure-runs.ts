import { WebSocket } from 'ws'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import type { StreamFrame } from '#libs/contracts'
import { nowMs } from './figures.js'
import { LooseApi } from '../support/loose-api.js'
import { openSigner } from './open-signer.js'

/** Time from the accepted approval to the new version being pushed for all, observe and bake 0, one run after the other. */
export async function measureRuns(url: string, dataDir: string, runs: number, id = 'bench-limit'): Promise<number[]> {
  const api = new LooseApi({ url, timeoutMs: 30_000 })
  const signer = await openSigner(dataDir)
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/stream`)
  const waiting = new Map<string, (at: number) => void>()
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as StreamFrame
    const at = nowMs()
    for (const change of frame.changes ?? [])
      if (change.id === id && change.scope === 'global' && change.version !== null) waiting.get(change.version)?.(at)
  })
  await new Promise((resolve) => socket.once('message', resolve))
  const times: number[] = []
  for (let index = 0; index < runs; index++) {
    const policy = { id, version: `1.${index}.0`, effective: '2024-09-01T00:00:00Z', limit: 100 + index }
    const prepared = await prepareApproval(api, [policy], { observeMs: 0, bakeMs: 0 })
    const signatures = await signApproval(prepared, signer)
    const live = new Promise<number>((resolve) => waiting.set(policy.version, resolve))
    const startedAt = nowMs()
    const { run } = await submitApproval(api, prepared, signatures)
    times.push((await live) - startedAt)
    await ended(api, run!)
  }
  socket.close()
  return times
}

/** The next run of a policy starts when the last has ended. */
async function ended(api: LooseApi, run: number): Promise<void> {
  const watching = new AbortController()
  for await (const view of api.events<{ endedAt: string | null; state: string }>(`/v1/runs/${run}/events`, { signal: watching.signal })) {
    if (view.endedAt === null) continue
    if (view.state !== 'SUCCEEDED') throw new Error(`run ${run} ended ${view.state}`)
    watching.abort()
    return
  }
}
