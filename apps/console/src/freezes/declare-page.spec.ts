import { expect, it } from 'vitest'
import { rosterOf } from '../testing/people.js'
import { shown } from '../testing/shown.js'
import { declarePage } from './sign-freeze-pages.js'

const declare = async (query: string) => {
  const roster = [{ version: 1, envelope: await rosterOf(['EPA Chief', 'Ann']) }]
  return shown(declarePage, { answers: { '/v1/roster': roster }, query })
}

it.each([
  ['id=Election+Week&scope=global&reason=votes', 'Id must be lower-case words and digits joined by hyphens, 3 to 100 characters.'],
  ['id=polls&scope=NCR&reason=votes', 'Scope must be global or region:NAME.'],
  ['id=polls&scope=global&reason=', 'Reason must have 1 to'],
  ['id=polls&scope=global&reason=votes&from=tomorrow', 'from must be a time such as 2026-11-02T00:00:00Z.'],
  ['id=polls&scope=global&reason=votes&from=2026-12-02T00:00:00Z&until=2026-12-01T00:00:00Z', 'Until must be after from.'],
  ['id=polls&scope=global&reason=votes&until=2026-11-01T00:00:00Z', 'Until must be later than now, 2026-11-26 12:00:00 UTC.'],
])('offers nothing to sign for %s, which approver would refuse, or which is over', async (query, words) => {
  const { html, text } = await declare(query)
  expect(text).toContain(words)
  expect(html).not.toContain('data-key-form')
})

it('says in its first sentence from when until when no new rule is published, in words', async () => {
  const { html, text } = await declare('id=polls&scope=global&reason=votes&until=2026-12-01T00:00:00Z')
  expect(text).toContain('No new rule is published anywhere, from now until 2026-12-01 00:00:00 UTC. Reason: “votes”')
  expect(html).toContain('data-key-form')
})
