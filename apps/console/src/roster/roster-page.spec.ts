import { describe, expect, it } from 'vitest'
import { peekPredicate } from '#libs/contracts'
import { generateKeyPair, localSigner, signRoster, type RosterPredicate } from '#libs/signing'
import { rosterOf } from '../testing/people.js'
import { AWAY, DENIED, shown } from '../testing/shown.js'
import { rosterPage } from './roster-page.js'

const FIRST = await rosterOf(['EPA Chief', 'EPA Counsel'])
const page = (roster: unknown) => shown(rosterPage, { answers: { '/v1/roster': roster } })

describe('the page of the roster', () => {
  it('lists roles with their people, and people with their keys', async () => {
    const { text, html } = await page([{ version: 1, envelope: FIRST }])
    expect(text).toContain('2 people may sign, by roster 1.')
    expect(text).toMatch(/every policy 1 of 2 EPA Chief, EPA Counsel/)
    expect(html.match(/May sign/g)).toHaveLength(2)
    expect(html).toContain('href="/audit?by=EPA%20Chief"')
  })

  it('says since when a key is revoked, and which is not valid', async () => {
    const predicate = peekPredicate<RosterPredicate>(FIRST)
    const [chief, counsel] = Object.values(predicate.principals).filter(({ kind }) => kind === 'person')
    counsel!.keys[0]!.notAfter = '2026-01-01T00:00:00Z'
    const revoked = [{ keyid: chief!.keys[0]!.keyid, since: '2026-11-26T11:00:00Z', reason: 'lost' }]
    const envelope = await signRoster({ ...predicate, version: 2, revoked }, [localSigner(generateKeyPair().privateKey)])
    const { text } = await page([
      { version: 1, envelope: FIRST },
      { version: 2, envelope },
    ])
    expect(text).toContain('Revoked since')
    expect(text).toContain('Not valid now')
    expect(text).not.toContain('May sign')
  })

  it('does not say that nobody may sign where the roster cannot be read', async () => {
    expect((await page(AWAY)).text).toContain('Who may sign cannot be shown now.')
    expect((await page(DENIED)).text).toContain('Not allowed to see the roles and people')
    expect((await page([])).text).toContain('There is no roster yet.')
  })
})
