import { action, HmsError } from '#libs/contracts'
import type { PolicyRecord } from '../policies/policy.table.js'
import type { Approval } from '../runs/approval.table.js'

export const AGAIN = action('break-glass')

/** Refusal for an ordinary approval, whose signed content does not declare break-glass. */
export function ordinary(): HmsError {
  const detail = 'This was prepared as an ordinary approval, and no number of signatures makes break-glass of it.'
  return new HmsError('HMS_BREAK_GLASS_OTHER', detail, { status: 422, next: [AGAIN, action('approve')] })
}

export function alone(name: string): HmsError {
  const detail = `Break-glass takes two different people in one request, and only ${name} signed. Nothing was kept.`
  return new HmsError('HMS_BREAK_GLASS_ALONE', detail, { status: 403, next: [AGAIN] })
}

/** `missing` as in an approval: roles, `author`. */
export function lacking(missing: readonly string[]): HmsError {
  const detail = `Too few of those who signed count: still missing are ${missing.join(', ')}. Nothing was kept; all sign together.`
  return new HmsError('HMS_BREAK_GLASS_ALONE', detail, { status: 403, next: [action('roster.show'), AGAIN], state: { missing } })
}

export function closed({ state, run }: Approval): HmsError {
  return new HmsError('HMS_APPROVER_APPROVAL_CLOSED', `This approval is ${state}; another signature changes nothing.`, {
    status: 409,
    next: run === null ? [] : [action('runs.show', { run })],
  })
}

export function expired(): HmsError {
  const detail = 'What was prepared for break-glass is good for 30 minutes, and they are over. Prepare it again.'
  return new HmsError('HMS_APPROVER_APPROVAL_EXPIRED', detail, { status: 409, next: [AGAIN] })
}

export function underWay({ digest, run }: Approval): HmsError {
  return new HmsError('HMS_BREAK_GLASS_UNDER_WAY', `These files are on their way already, by break-glass in run #${run}.`, {
    status: 409,
    next: [action('runs.watch', { run: run! })],
    state: { digest, run },
  })
}

export function moved({ id, live }: PolicyRecord): HmsError {
  const detail = `${id} moved to ${live?.version ?? 'nothing'} after this was prepared. Look at the difference, and sign it again.`
  return new HmsError('HMS_BREAK_GLASS_LIVE_MOVED', detail, { status: 409, next: [action('get', { policy: id }), AGAIN] })
}

export function nobodyToReview(): HmsError {
  const detail = 'Break-glass must be reviewed, and everyone in the roster signed or wrote this, so no reviewer is left.'
  return new HmsError('HMS_BREAK_GLASS_NO_REVIEWER', detail, { status: 422, next: [action('roster.show'), action('approve')] })
}
