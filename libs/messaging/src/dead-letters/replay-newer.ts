import { command } from '#libs/contracts'
import { describeError, VERSION, type Logger } from '#libs/platform'
import { isOfNewerBuild } from './newer-build.js'
import type { DeadLetter } from './dead-letter.table.js'
import type { DeadLetterBox } from './dead-letter-box.js'

/** Limit per start; `dlq replay` handles the rest. */
const MAX_LETTERS = 1_000

export interface ReplayNewerDependencies {
  letters: DeadLetterBox
  log: Logger
  replay(id: string, by: string): Promise<DeadLetter>
}

/**
 * Replays, once at start and oldest first, the letters that an older build of this service set aside. Letters that this build does not know
 * either stay open, as do those that another instance is replaying.
 */
export async function replayNewer({ letters, log, replay }: ReplayNewerDependencies): Promise<void> {
  const waiting = (await letters.list(['waiting'], MAX_LETTERS)).filter(({ code }) => isOfNewerBuild(code)).toReversed()
  for (const { id, group, topic, run } of waiting) {
    const fields = { service: group, letter: id, topic, run }
    try {
      await replay(id, `hms-svc ${VERSION}`)
      log.info(fields, 'an event of a newer build, which waited for this one, is handled')
    } catch (error) {
      log.warn(
        { ...fields, error: describeError(error), next: command('dlq.show', { letter: `${group}/${id}` }) },
        'an event of a newer build waits on',
      )
    }
  }
}
