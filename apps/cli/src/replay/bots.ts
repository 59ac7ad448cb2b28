import { EXIT, type BotRegistration } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { readGivenText } from '../files.js'
import { registerDocument } from '../register-document.js'

export interface AddBotOptions {
  id: string
  critical?: boolean
}

export async function addBot(context: CliContext, file: string, options: AddBotOptions): Promise<number> {
  const registration: BotRegistration = { id: options.id, source: await readGivenText(file), critical: options.critical === true }
  return registerDocument(context, registration, (client) => client.post('/v1/bots', registration), `Bot ${options.id} registered`)
}

export async function listBots(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get('/v1/bots'),
    [
      { heading: 'BOT', cell: (bot) => bot.id },
      { heading: 'CRITICAL', cell: (bot) => (bot.critical ? 'yes' : 'no') },
      { heading: 'ADDED', cell: (bot) => bot.addedAt },
      { heading: 'POLICIES', cell: (bot) => bot.policies.join(', ') },
    ],
    'No bots yet. Register one: hms-svc bots add FILE --id ID',
  )
  return EXIT.done
}
