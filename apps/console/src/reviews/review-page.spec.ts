import { describe, expect, it } from 'vitest'
import { aRun, shown } from '../testing/shown.js'
import { reviewPage } from './review-page.js'

const NOW = '2026-11-26T12:00:00Z'
const ticket = {
  ticket: 4,
  kind: 'BREAK_GLASS_REVIEW',
  state: 'OPEN',
  run: 7,
  attempt: 1,
  digest: 'sha256:1',
  policies: [],
  allowed: ['accept'],
  reason: 'BREAK_GLASS',
  detail: '',
  openedAt: '2026-11-25T12:00:00Z',
  expiresAt: '2026-11-26T13:00:00Z',
  told: [],
  decided: null,
  closedAt: null,
}
const summary = async (more: object) =>
  (
    await shown(reviewPage, {
      answers: { '/v1/tickets/4': { ...ticket, ...more }, '/v1/runs/7': aRun({ run: 7 }) },
      params: { ticket: '4' },
    })
  ).text

describe('the page of a ticket', () => {
  it('shows how long it still waits, and that a review of break-glass is overdue and stays open', async () => {
    expect(await summary({})).toContain('It waits for a decision, for 1 h 0 min more.')
    expect(await summary({ expiresAt: NOW })).toContain('It waits for a decision, and is overdue.')
    expect(await summary({ expiresAt: NOW, kind: 'INCONCLUSIVE' })).toContain('It has expired and is being closed.')
  })

  it('says in words why a stage failed, and its code after them', async () => {
    const stages = aRun({ run: 7 }).stages.map((stage) =>
      stage.stage === 'simulate'
        ? { ...stage, startedAt: NOW, verdict: 'FAIL' as const, detail: 'NO_EVIDENCE: no bots registered' }
        : stage,
    )
    const answers = {
      '/v1/tickets/4': { ...ticket, reason: 'UNEXPLAINED_ALERTS', detail: '2 alerts' },
      '/v1/runs/7': aRun({ run: 7, stages }),
      '/v1/simulations/7': { reportDigest: null },
    }
    const { text } = await shown(reviewPage, { answers, params: { ticket: '4' } })
    expect(text).toContain('Why 2 alerts (UNEXPLAINED_ALERTS)')
    expect(text).toContain('✗ Failed no bots registered (NO_EVIDENCE)')
  })

  it('shows the state of the run for a stage that its end cut off', async () => {
    const stages = aRun({ run: 7 }).stages.map((stage) =>
      stage.stage === 'lint' ? { ...stage, startedAt: NOW, verdict: 'PENDING' as const, detail: '' } : { ...stage, startedAt: null },
    )
    const answers = { '/v1/tickets/4': ticket, '/v1/runs/7': aRun({ run: 7, state: 'ABORTED', stages }) }
    const { text } = await shown(reviewPage, { answers, params: { ticket: '4' } })
    expect(text).toMatch(/Lint & Schema . Aborted/)
    expect(text).not.toContain('Not begun')
  })
})
