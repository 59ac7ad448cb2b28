import { EXIT, type DeliveryView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { problemOf, requireName } from '../errors.js'
import { timeOf } from '../flags.js'
import { stopOnInterrupt } from '../stop-on-interrupt.js'
import type { FlagsOf, LISTEN } from '../verbs/options.js'
import { followMessages, OVERLAP_MS, PositionFile, currentPosition, type FeedPosition } from './follow-messages.js'
import { checkForward, forward, mintSecret, secretOf, type Forwarded } from './forward.js'

/** Forwards partners' messages to a receiver on this machine, until Ctrl-C. The deliveries to partners are not affected. */
export async function listenForWebhooks(context: CliContext, options: FlagsOf<typeof LISTEN>): Promise<number> {
  const { io, output } = context
  const { partner } = options
  const url = checkForward(options.forward)
  if (partner !== undefined) requireName(partner, 'the id of a partner', 'hms-svc partners list')
  const given = secretOf(options.secret, io.environment)
  const client = await context.client()
  const file = new PositionFile(io.environment.dataDir, client.url, partner)
  const known = await file.read().catch((error: unknown) => {
    if (options.from !== undefined) return undefined
    throw error
  })
  const secret = given ?? known?.secret ?? mintSecret()
  const from = options.from === undefined ? undefined : timeOf('--from', options.from, io.now())
  const start: FeedPosition =
    from === undefined
      ? { ...(known ?? (await currentPosition(client, partner, secret))), secret }
      : { newest: new Date(Date.parse(from) + OVERLAP_MS).toISOString(), seen: [], secret }
  await file.write(start)
  const createdFrom = from ?? start.newest
  // The position of a listener that started before any message existed.
  const first = Date.parse(createdFrom) === OVERLAP_MS ? 'the first' : `those created at ${createdFrom}`

  const stopper = stopOnInterrupt(io, true)
  try {
    await followMessages(
      {
        client,
        partner,
        forward: (message) => forward(url, secret, message, new Date(io.now())),
        wait: stopper.wait,
        onReady: () => {
          output.note(`Ready. Messages to ${partner ?? 'all partners'} are forwarded to ${url}, from ${first} on.`)
          if (given === undefined) output.note(`They are signed with ${secret}, which only this listener knows.`)
        },
        onForwarded: (delivery, result) => show(context, delivery, result),
        onError: (error) => output.note(`! ${problemOf(error).detail} Retrying; nothing is lost.`),
        savePosition: (position) => file.write(position),
      },
      start,
    )
  } finally {
    stopper.end()
  }
  output.note('Stopped. The next listener continues from here.')
  return EXIT.interrupted
}

function show({ output }: CliContext, delivery: DeliveryView, { ok, detail, acknowledged }: Forwarded): void {
  const { messageId: message, partner, policy, version } = delivery
  const line = { message, partner, policy, version, ok, answer: detail, acknowledged }
  output.data(line, () => [`${message}  ${policy}@${version} → ${detail}${acknowledged ? ', acknowledged' : ok ? '' : ', will retry'}`])
}
