import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PartnerSummary } from '#libs/contracts'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const DESK: PartnerSummary = {
  id: 'desk',
  name: 'Duty desk',
  groups: ['on-call', 'labs'],
  channels: ['email'],
  deliver: 'all',
  contact: null,
  rate: 5,
  lane: 'latest',
  unsubscribed: [],
  onlyWhereNamed: true,
  addedAt: '2026-01-01T00:00:00.000Z',
}
const { onlyWhereNamed: _onlyWhereNamed, ...STATE } = { ...DESK, id: 'va-deq', groups: ['labs'] }

let folder: string
let service: CannedService | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-partner-'))
  await writeFile(
    join(folder, 'desk.yaml'),
    'id: desk\nname: Duty desk\ngroups: [on-call, labs]\nchannels: [{ email: { to: desk@example.org } }]\n',
  )
})
afterEach(() => service?.close())
afterAll(() => rm(folder, { recursive: true }))

async function add(registered: PartnerSummary, ...flags: string[]): Promise<CliRun> {
  service = await serveCanned({ 'POST /v1/partners': { body: registered } })
  return runForTest(['partners', 'add', join(folder, 'desk.yaml'), ...flags], { env: { HMS_URL: service.url } })
}

describe('partners add', () => {
  it('notes that "all partners" excludes an on-call partner', async () => {
    expect(await add(DESK)).toEqual({
      code: 0,
      stdout: '✓ Partner desk registered\n',
      stderr:
        'desk is in on-call: it is notified of tickets, but of policies only if a plan names it; "all partners" does not include it.\n',
    })
    expect(JSON.parse((await add(DESK, '--json')).stdout)).toMatchObject({ onlyWhereNamed: true })
  })

  it('prints no note for other partners', async () => {
    expect((await add(STATE)).stderr).toBe('')
  })
})

it('partners list marks partners that are notified only if a plan names them', async () => {
  service = await serveCanned({ 'GET /v1/partners': { body: [DESK, STATE] } })
  const { stdout } = await runForTest(['partners', 'list'], { env: { HMS_URL: service.url } })
  expect(stdout).toMatch(/^desk +latest +on-call, labs +where named \(on call\) +email/m)
  expect(stdout).toMatch(/^va-deq +latest +labs +all +email/m)
})
