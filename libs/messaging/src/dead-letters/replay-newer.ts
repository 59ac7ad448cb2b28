import { describeError, VERSION, type Logger } from '#libs/platform'
import { isOfNewerBuild } from './newer-build.js'
import type { DeadLetter } from './dead-letter.table.js'
import type { DeadLetterBox } from './dead-letter-box.js'

/** At one start; what is beyond is for `dlq replay`. */
const MAX_LETTERS = 1_000

export interface ReplayNewerDependencies {
  letters: DeadLetterBox
  log: Logger
  replay(id: string, by: string): Promise<DeadLetter>
}

/**
 * Once at a start, for this build may be the newer one: does again what an older build of this service set aside, the oldest first. What
 * this one does not know either waits on, and so does what another instance has under way.
 */
export async function replayNewer({ letters, log, replay }: ReplayNewerDependencies): Promise<void> {
  const waiting = (await letters.list(['waiting'], MAX_LETTERS)).filter(({ code }) => isOfNewerBuild(code)).toReversed()
  for (const { id, group, topic, run } of waiting) {
    const fields = { service: group, letter: id, topic, run }
    try {
      await replay(id, `hms-svc ${VERSION}`)
      log.info(fields, 'an event of a newer build, which waited for this one, is handled')
    } catch (error) {
      log.warn({ ...fields, error: describeError(error), next: `hms-svc dlq show ${group}/${id}` }, 'an event of a newer build waits on')
    }
  }
}
