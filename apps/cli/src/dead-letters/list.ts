import { DEAD_LETTERS_LISTED, EXIT, SERVICES } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { problemOf } from '../errors.js'
import { askServices, parseService } from './all-services.js'
import { ageOf } from './age.js'

export interface ListOptions {
  service?: string
  all?: boolean
}

export async function listDeadLetters(context: CliContext, options: ListOptions): Promise<number> {
  const { output } = context
  const client = await context.client()
  const services = options.service === undefined ? SERVICES : [parseService(options.service)]
  const state = options.all === true ? undefined : 'waiting'
  const { answers, silent, refusals } = await askServices(services, (service) =>
    client.get('/v1/dead-letters/{service}', { service, state }),
  )
  const fault = silent[0]?.error ?? refusals[0]
  if (answers.length === 0 && fault !== undefined) throw fault
  for (const { service, error } of silent)
    output.error(`! ${service} does not answer; its dead letters are not in this list: ${problemOf(error).detail}`)
  const letters = answers.flatMap(({ answer }) => answer).sort((a, b) => b.at.localeCompare(a.at))
  const now = context.io.now()
  output.list(
    letters,
    [
      { heading: 'AGE', cell: (letter) => ageOf(letter.at, now) },
      { heading: 'ID', cell: (letter) => `${letter.service}/${letter.id}` },
      { heading: 'STATE', cell: (letter) => letter.state },
      { heading: 'TOPIC', cell: (letter) => letter.topic },
      { heading: 'KEY', cell: (letter) => letter.key },
      { heading: 'RUN', cell: (letter) => (letter.run === null ? null : `#${letter.run}`) },
      { heading: 'CODE', cell: (letter) => letter.code },
      { heading: 'DETAIL', cell: (letter) => letter.detail },
    ],
    options.all === true ? 'No dead letters.' : 'No dead letters wait. Those that were ended: hms-svc dlq list --all',
  )
  for (const { service, answer } of answers)
    if (answer.length === DEAD_LETTERS_LISTED)
      output.note(`Of ${service} the newest ${DEAD_LETTERS_LISTED} are shown; there may be older ones, which follow as these are ended.`)
  if (letters.some((letter) => letter.state === 'waiting'))
    output.note('next: hms-svc dlq show ID · hms-svc dlq replay ID · hms-svc dlq discard ID --reason TEXT')
  return EXIT.done
}
