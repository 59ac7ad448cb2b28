import { EXIT, type TicketDecision } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseDurationFlag } from '../duration-flag.js'
import { requirePublicReason, requireReason, usageError } from '../errors.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import type { PassphraseOptions } from '../keys/passphrase.js'
import { deliveriesOf, describeTicket } from './show.js'
import { parseTicketNumber } from './ticket-number.js'

export interface TicketFlags extends PassphraseOptions {
  decision: TicketDecision
  reason: string
  publicReason?: string
  sign: string
  by?: string
}

/** Signs the answer, bound to the ticket's run, attempt and release. Exit 5 if another person was first. */
export async function decideTicket(context: CliContext, text: string, flags: TicketFlags): Promise<number> {
  const number = parseTicketNumber(text)
  const { decision, reason, publicReason } = flags
  requireReason(reason, 'tickets decide')
  requirePublicReason(publicReason, 'tickets decide')
  if ((decision === 'extend') !== (flags.by !== undefined))
    throw usageError('--by DURATION is of --decision extend, which needs it', ['hms-svc tickets decide --help'])
  const byMs = await parseDurationFlag('--by', flags.by)
  const signer = await openKey(context, keyFolderOf(context), flags.sign, flags)
  const client = await context.client()
  const { run, attempt, digest: subject } = await client.get('/v1/tickets/{number}', { number })
  const { signRunDecision } = await import('#libs/signing')
  const named = decision === 'accept' ? { ticket: number } : {}
  const said = {
    run,
    attempt,
    subject,
    decision,
    reason,
    publicReason,
    at: new Date(context.io.now()),
    ...named,
    ...(byMs === undefined ? {} : { byMs }),
  }
  const statement = await signRunDecision(said, signer)
  const ticket = await client.post('/v1/tickets/{number}/decisions', { statement }, { params: { number } })
  if (ticket.state === 'OPEN' && context.output.mode !== 'json')
    context.output.note(`Accepted. The stage that owns run #${run} applies it: hms-svc runs show ${run}`)
  const deliveries = await deliveriesOf(client, ticket)
  if (context.output.mode !== 'quiet') context.output.data(ticket, () => describeTicket(ticket, deliveries))
  return EXIT.done
}
