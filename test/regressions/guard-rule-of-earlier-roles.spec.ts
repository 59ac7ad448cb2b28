import { afterEach, beforeEach, expect, it } from 'vitest'
import { peekPredicate } from '#libs/contracts'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import { parsePolicy } from '#libs/policy'
import type { RosterPredicate } from '#libs/signing'
import { withEarlierRoles } from '../../apps/cli/src/roster/earlier-roles.js'
import { startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const MESSAGE = 'A limit is at most 50.'

let rotating: RotatingSystem
beforeEach(async () => {
  rotating = await startRotatingSystem()
})
afterEach(() => rotating.system.stop())

/** Puts a guard rule into force that one person signed. */
async function putRuleIntoForce(): Promise<void> {
  const { press, system } = rotating
  const guard = { kind: 'cel', rule: 'next.limit <= 50', message: MESSAGE, severity: 'deny' }
  const text = JSON.stringify({ id: 'limit-step', version: '1.0.0', effective: '2024-09-01T00:00:00Z', tags: ['guard'], guard })
  const parsed = parsePolicy(text, 'rule.yaml')
  if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
  const prepared = await prepareApproval(press.api, [parsed.source.policy], AT_ONCE)
  const { run } = await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))
  await press.reaches(run!, 'SUCCEEDED')
}

it('a guard rule that fewer people approved before a stricter roster is still evaluated, and denies only what it forbids', async () => {
  await putRuleIntoForce()
  const before = peekPredicate<RosterPredicate>(rotating.roster().envelope)
  await rotating.rotate((next) => {
    const principals = ['epa-chief', 'epa-counsel', 'air-office']
    next.roles.push({ name: 'two', principals, threshold: 2, match: { idPrefix: 'limit-' } })
    Object.assign(next, withEarlierRoles(next, before, rotating.system.clock.now()))
  })
  await rotating.press.passes(2_000)
  await rotating.live(['pm25@1.0.0=35'])
  expect(await rotating.press.limit('pm25')).toBe(35)
  await expect(rotating.live(['pm25@2.0.0=60'])).rejects.toMatchObject({ detail: expect.stringContaining(MESSAGE) as string })
})
