import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDemoIdentity } from '#libs/client'
import { SERVICES } from '#libs/contracts'
import { defineProgram } from './program.js'
import { serveCanned, type CannedService } from './testing/canned-service.js'
import { ioForTest, runForTest } from './testing/run-cli.js'

const DIGEST = `sha256:${'0'.repeat(64)}`
const LETTER = '0f8fad5b-d9cb-869f-8165-70867728950e'
const POLICY = 'apps/demo/assets/policies/pm25.yaml'

/** Verbs that read: a key with `read` alone must be sufficient. */
const READS = [
  'approvals list',
  `approvals show ${DIGEST}`,
  'audit bundle epa-pm25-limit',
  'audit log',
  'audit proof epa-pm25-limit@1.0.0',
  'audit verify',
  'bots list',
  'corpora list',
  'coverage',
  'coverage epa-pm25-limit',
  'dlq list',
  `dlq show ${LETTER}`,
  'doctor',
  'export',
  'freezes list',
  'get epa-pm25-limit',
  'history epa-pm25-limit',
  'partners deliveries',
  'partners delivery 17',
  'partners list',
  `plan ${POLICY}`,
  'policies list',
  'roster show',
  'runs list',
  'runs show 1',
  'runs watch 1',
  'scenarios list',
  'schemas list',
  'simulations show 1',
  'tickets list',
  'tickets show 1',
  'tokens list',
  'topics list',
  'topics tail',
  'types',
  'watch epa-pm25-limit',
  'webhooks listen --forward http://127.0.0.1:9/hook',
]

/** Verbs that call no service, or change something there. */
const OTHERS = [
  ['completion', 'help', 'keys create', 'keys export', 'keys list', 'lint', 'sign', 'verify', 'version', 'webhooks trigger', 'whoami'],
  ['demo', 'dev', 'migrate', 'recover', 'serve', 'sidecar', 'topics apply', 'topics diff', 'topics republish'],
  [
    'alert',
    'approve',
    'approvals reject',
    'break-glass',
    'policies restore',
    'rollback',
    'stop-the-line on',
    'stop-the-line off',
    'tickets decide',
    'withdraw',
  ],
  ['bots add', 'corpora add', 'partners add', 'scenarios add', 'schemas add', 'freezes add', 'freezes lift'],
  ['policies restore', 'partners redrive', 'partners resubscribe', 'partners secrets', 'partners test', 'dlq discard', 'dlq replay'],
  ['roster propose', 'roster sign', 'tokens calendar', 'tokens create', 'tokens revoke'],
  ['abort', 'extend', 'pause', 'promote', 'resume', 'retry'].map((decision) => `runs ${decision}`),
].flat()

function leavesOf(command: Command, words: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [words.join(' ')]
  return command.commands.filter((child) => !child.name().startsWith('__')).flatMap((child) => leavesOf(child, [...words, child.name()]))
}

describe('with HMS_TOKEN', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'hms-test-'))
  let service: CannedService
  beforeAll(async () => {
    await createDemoIdentity(dataDir, SERVICES)
    service = await serveCanned({ 'GET /readyz': { body: { services: {} } } })
  })
  afterAll(async () => {
    await service.close()
    rmSync(dataDir, { recursive: true })
  })

  it('every verb is listed, either as a read or as another verb', () => {
    const program = defineProgram(ioForTest())
    const lines = [...READS, ...OTHERS].map((line) => `${line} `)
    expect(leavesOf(program).filter((verb) => !lines.some((line) => line.startsWith(`${verb} `)))).toEqual([])
  })

  it.each(READS)('%s sends the token with every request', async (line) => {
    const before = service.requests.length
    const env = { HMS_URL: service.url, HMS_TOKEN: 'hms_a_key', HMS_DATA_DIR: dataDir, HMS_KAFKA_BROKERS: '127.0.0.1:9' }
    await runForTest([...line.split(' '), '--timeout', '1s'], { env })
    const calls = service.requests.slice(before).filter(({ call }) => call !== 'GET /readyz')
    expect(calls).not.toEqual([])
    expect(calls.filter(({ authorization }) => authorization !== 'Bearer hms_a_key')).toEqual([])
  })
})
