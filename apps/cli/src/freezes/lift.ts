import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName, requireReason } from '../errors.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import { installationOf } from '../roster/installation.js'
import type { SignedReason } from './signed-reason.js'

export async function liftFreeze(context: CliContext, id: string, flags: SignedReason): Promise<number> {
  requireName(id, 'the id of a freeze', 'hms-svc freezes list')
  requireReason(flags.reason, 'freezes lift')
  const signer = await openKey(context, keyFolderOf(context), flags.sign, flags)
  const { digestOfPayload, signLift } = await import('#libs/signing')
  const client = await context.client()
  const { statement: declared, lifted } = await client.get('/v1/freezes/{id}', { id })
  if (lifted !== null && context.output.mode !== 'json') context.output.note(`${id} was lifted by ${lifted.by} at ${lifted.at}.`)
  const lift = { id, declared: digestOfPayload(declared), reason: flags.reason }
  const installation = await installationOf(context)
  const statement = await signLift(lift, { at: new Date(context.io.now()), installation }, signer)
  const view = await client.post('/v1/freezes/{id}/lift', { statement }, { params: { id } })
  if (context.output.mode === 'json') context.output.data(view, () => [])
  else context.output.done(`${id} is lifted`)
  return EXIT.done
}
