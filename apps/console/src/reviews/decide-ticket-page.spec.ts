import { describe, expect, it } from 'vitest'
import { digestOf } from '#libs/signing'
import { rosterOf } from '../testing/people.js'
import { shown } from '../testing/shown.js'
import { decideTicketPage } from './decide-ticket-page.js'

const ROSTER = await rosterOf(['EPA Chief', 'EPA Counsel', 'Air Office', 'State Liaison'])
const predicate = { policy: { id: 'pm25', version: '2.0.0', limit: 25, tags: [] }, releaseEpoch: 2, author: 'Air Office' }
const payload = Buffer.from(JSON.stringify({ predicate })).toString('base64')
const digest = digestOf(payload)
const ticket = { ticket: 4, kind: 'BREAK_GLASS_REVIEW', state: 'OPEN', run: 7, attempt: 1, digest, allowed: ['accept'] }

async function mayNot(more: object): Promise<string[]> {
  const { html } = await shown(decideTicketPage, {
    answers: {
      '/v1/tickets/4': { ...ticket, ...more },
      [`/v1/approvals/${encodeURIComponent(digest)}/prepared`]: { releases: [{ payload }] },
      '/v1/roster': [{ version: 1, envelope: ROSTER }],
    },
    params: { ticket: '4' },
    query: 'decision=accept&reason=seen',
  })
  const act = /data-signing="([^"]*)"/.exec(html)![1]!.replaceAll('&quot;', '"')
  return Object.keys((JSON.parse(act) as { mayNot: object }).mayNot).sort()
}

describe('the page that closes a review of break-glass', () => {
  it('excludes the signers and the author, and ignores missing roles', async () => {
    expect(await mayNot({ actors: ['EPA Chief', 'EPA Counsel'] })).toEqual(['Air Office', 'EPA Chief', 'EPA Counsel'])
  })
})
