import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Envelope, Freeze, FreezeView } from '#libs/contracts'
import { digestOfPayload, readRoster, writeFreeze, writeLift } from '#libs/signing'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import { SAMPLE_ROSTER, SAMPLE_ROSTER_BYTES, signedBy, type SampleSigner } from '../../libs/client/src/testing/sample-trust.js'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const SIGNED_FOR = { at: new Date(NOW - 60_000), installation: readRoster(SAMPLE_ROSTER).installation }
const POLLS: Freeze = { id: 'election-week', reason: 'polls are open', scope: 'global' }

let folder: string
let roster: string
let service: CannedService | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-freezes-unverified-'))
  roster = join(folder, 'roster.json')
  await writeFile(roster, SAMPLE_ROSTER_BYTES)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => service?.close())

const declared = (freeze: Freeze, by: SampleSigner = 'EPA Chief'): Envelope => signedBy(writeFreeze(freeze, SIGNED_FOR).payload, by)

/** Freeze as approver shows it. */
function viewOf(freeze: Freeze, changed: Partial<FreezeView> = {}): FreezeView {
  const view = { ...freeze, by: 'EPA Chief', declaredAt: at(-60_000), state: 'ACTIVE', next: null, lifted: null } as const
  return { ...view, statement: declared(freeze), ...changed }
}

function liftOf(statement: Envelope, changed: object = {}): NonNullable<FreezeView['lifted']> {
  const lift = { id: POLLS.id, declared: digestOfPayload(statement), reason: 'counted' }
  const signed = signedBy(writeLift(lift, SIGNED_FOR).payload, 'EPA Chief')
  return { by: 'EPA Chief', reason: 'counted', at: at(0), statement: signed, ...changed }
}

function liftedView(changed: object): FreezeView {
  const view = viewOf(POLLS, { state: 'LIFTED' })
  return { ...view, lifted: liftOf(view.statement!, changed) }
}

async function list(freezes: FreezeView[], flags: string[] = [], env: Record<string, string> = { HMS_ROSTER: roster }): Promise<CliRun> {
  service = await serveCanned({ 'GET /v1/freezes?signed=true': { body: freezes }, 'GET /v1/roster?since=1': { body: [] } })
  return runForTest(['freezes', 'list', ...flags], { env: { HMS_URL: service.url, ...env }, now: () => NOW })
}

describe('freezes list', () => {
  it('shows what people declared and lifted', async () => {
    const coming = { ...POLLS, id: 'holidays', scope: 'region:NCR', from: at(60_000), until: at(120_000) }
    const { code, stdout, stderr } = await list([viewOf(coming), liftedView({})])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /holidays +COMING +region:NCR +begins \S+ +EPA Chief +polls are open\nelection-week +LIFTED +global +– +EPA Chief +counted\n$/,
    )
  })

  it.each<[string, string, FreezeView, string]>([
    ['an active freeze is reported as over', 'ACTIVE', viewOf(POLLS, { state: 'OVER' }), ''],
    ['an active freeze is reported as lifted', 'ACTIVE', viewOf(POLLS, { state: 'LIFTED' }), ''],
    ['a freeze that is over is reported as active', 'OVER', viewOf({ ...POLLS, until: at(-1) }), ''],
  ])('shows the state of the signed times where %s', async (_what, state, view) => {
    const { code, stdout } = await list([view], ['--json'])
    expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ id: POLLS.id, state, verification: 'by-caller' })]])
  })

  it.each<[string, FreezeView]>([
    ['another person is named', viewOf(POLLS, { by: 'Mallory' })],
    ['another reason is named', viewOf(POLLS, { reason: 'Mallory was here' })],
    ['another scope is named', viewOf(POLLS, { scope: 'region:BOS', reason: 'Mallory' })],
    ['another end is named', viewOf({ ...POLLS, until: at(60_000) }, { until: at(-60_000), by: 'Mallory' })],
    ['a service signed it', viewOf(POLLS, { statement: declared(POLLS, 'rollout'), by: 'Mallory' })],
    ['nobody signed it', viewOf(POLLS, { statement: undefined, by: 'Mallory' })],
    ['nobody lifted it', liftedView({ statement: undefined })],
    ['its lift is of another declaration', liftedView({ statement: liftOf(declared(POLLS)).statement })],
    ['another person is named who lifted it', liftedView({ by: 'Mallory' })],
    ['another reason to lift it is named', liftedView({ reason: 'Mallory was here' })],
  ])('shows nothing of a freeze, and exits 10, if %s', async (_what, view) => {
    const { code, stdout, stderr } = await list([view, viewOf({ ...POLLS, id: 'holidays' })])
    expect(code).toBe(10)
    expect(stdout).toMatch(/election-week +UNVERIFIED +– +– +– +–\nholidays +ACTIVE +global +until lifted +EPA Chief +polls are open\n$/)
    expect(stdout + stderr).not.toContain('Mallory')
    expect(stderr).toContain('HMS_VERIFY_FREEZES')
  })

  it('reports that nothing is verified where no roster is here', async () => {
    const { code, stderr } = await list([viewOf(POLLS, { by: 'Mallory' })], [], {})
    expect([code, stderr]).toEqual([0, expect.stringContaining('not verified: no roster here')])
  })
})
