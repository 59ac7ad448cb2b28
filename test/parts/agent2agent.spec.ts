import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Agent2AgentChannel } from '../../apps/notifier/src/partners/channel.js'
import { Agent2AgentSender } from '../../apps/notifier/src/channels/a2a/send-agent2agent.js'
import { sampleAttempt } from '../../apps/notifier/src/channels/sample-attempt.suite.js'
import { freePort, scratchFolder, until } from '../support/processes.js'

const FOLDER = fileURLToPath(new URL('./agent2agent/', import.meta.url))
const scratch = scratchFolder()
const PYTHON = join(scratch.path, 'venv/bin/python')
const never = new AbortController().signal

/** Whether Python is here and a2a-sdk could be installed; without them nothing is tried. */
function isInstalled(): boolean {
  const [venv, requirements] = [join(scratch.path, 'venv'), join(FOLDER, 'requirements.txt')]
  return (
    spawnSync('python3', ['-m', 'venv', venv]).status === 0 &&
    spawnSync(join(venv, 'bin/pip'), ['install', '--quiet', '--requirement', requirements]).status === 0
  )
}

describe.skipIf(!isInstalled())('an agent of a2a-sdk', () => {
  const lines: { id: string; data: object }[] = []
  const sender = new Agent2AgentSender({ deployment: { profile: 'dev', networks: ['127.0.0.0/8'] } })
  let agent: ChildProcess
  let url: string

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    agent = spawn(PYTHON, [join(FOLDER, 'agent.py'), String(port), 'rejected-limit'], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: agent.stdout! }).on('line', (line) => lines.push(JSON.parse(line) as (typeof lines)[number]))
    await until('the agent does not answer', async () =>
      fetch(`${url}/.well-known/agent-card.json`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  }, 120_000)
  afterAll(async () => {
    await sender.close()
    if (agent?.exitCode === null && agent.kill()) await once(agent, 'exit')
    scratch.remove()
  })

  const send = (policy: string, task?: string) => {
    const body = Buffer.from(JSON.stringify({ type: 'policy.updated', timestamp: '2026-01-01T00:00:00Z', data: { id: policy } }))
    const channel: Agent2AgentChannel = { kind: 'agent2agent', url, secret: 'a-secret-of-enough-length' }
    return sender.send(sampleAttempt(channel, { networks: ['127.0.0.0/8'], body, task }), never)
  }

  /** Polls the task of a message until it ends. */
  const settled = async (policy: string, task?: string) => {
    let outcome = await send(policy, task)
    await until(`the task about ${policy} does not end`, async () => {
      if (outcome.kind === 'working') outcome = await send(policy, outcome.task)
      return outcome.kind !== 'working'
    })
    return outcome
  }

  it('takes a message as a task, and reads its data part', async () => {
    expect(await settled('epa-pm25-limit')).toMatchObject({ kind: 'delivered', detail: 'task completed' })
    await until('the agent printed nothing', async () => lines.length > 0)
    expect(lines.at(-1)).toEqual({
      id: 'msg_1',
      data: { type: 'policy.updated', timestamp: '2026-01-01T00:00:00Z', data: { id: 'epa-pm25-limit' } },
    })
  })

  it('answers with a message as well', async () => {
    expect(await send('by-message')).toMatchObject({ kind: 'delivered', status: 200 })
  })

  it('works on a task once, which is polled meanwhile', async () => {
    const { kind, task } = await send('slow')
    expect([kind, await send('slow', task)]).toMatchObject(['working', { kind: 'working', task }])
    await settled('go')
    expect(await settled('slow', task)).toMatchObject({ kind: 'delivered', detail: 'task completed' })
    expect(lines.filter(({ data }) => (data as { data: { id: string } }).data.id === 'slow')).toHaveLength(1)
  })

  it('rejects a task, which is not delivered then', async () => {
    expect(await settled('rejected-limit')).toMatchObject({ kind: 'rejected', detail: 'task rejected' })
  })
})
