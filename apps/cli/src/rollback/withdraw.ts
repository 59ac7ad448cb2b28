import { withdrawPolicy } from '#libs/client'
import { EXIT, type WithdrawalResult } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requirePublicReason, requireReason } from '../errors.js'
import type { SignedReason } from '../freezes/signed-reason.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import { describeBehind } from './describe-behind.js'

export interface WithdrawFlags extends SignedReason {
  publicReason?: string
}

/** Withdraws a policy. Exit 0 once it is withdrawn, 7 while other people have to sign too. */
export async function withdraw(context: CliContext, id: string, flags: WithdrawFlags): Promise<number> {
  requireReason(flags.reason, 'withdraw')
  requirePublicReason(flags.publicReason, 'withdraw')
  const { output } = context
  const signer = await openKey(context, keyFolderOf(context), flags.sign, flags)
  const result = await withdrawPolicy(await context.client(), id, { reason: flags.reason, publicReason: flags.publicReason, signer })
  const isDone = result.state === 'WITHDRAWN'
  if (output.mode === 'json') output.data(result, () => [])
  else if (isDone) output.done(`${id}@${result.version} is withdrawn; nothing of it is in force`)
  else output.undone(waiting(result))
  for (const store of describeBehind(result.stored)) output.note(store)
  return isDone ? EXIT.done : EXIT.paused
}

function waiting({ id, version, signedBy, missing }: WithdrawalResult): string {
  return `${id}@${version} stays in force: signed by ${signedBy.join(', ')}, still missing: ${missing.join(', ')}`
}
