import { connect, readUrl } from '#libs/client'
import { EXIT, HmsError, MAX_POLICIES_OF_READER } from '#libs/contracts'
import { inheritedEnvironment } from '../cli.config.js'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { durationFlag } from '../flags.js'
import { stopOnInterrupt } from '../stop-on-interrupt.js'
import type { FlagsOf, WATCH_POLICIES } from '../verbs/options.js'
import { PolicyWatch } from './policy-watch.js'
import { findProgram, inputOf, ProgramQueue, runProgram } from './run-program.js'

const EXEC_MS = 60_000
const TICK_MS = 1_000
const ID = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Follows policies over a verified connection until Ctrl-C. `--timeout` bounds the wait for the first copy, and for a first version. */
export async function watchPolicies(context: CliContext, ids: readonly string[], options: FlagsOf<typeof WATCH_POLICIES>): Promise<number> {
  const { io, output } = context
  for (const id of ids) if (!ID.test(id)) throw usageError(`"${id}" is not the id of a policy`, ['hms-svc policies list'])
  const policies = [...new Set(ids)]
  if (policies.length > MAX_POLICIES_OF_READER) throw usageError(`one call watches at most ${MAX_POLICIES_OF_READER} policies`)
  const environment = inheritedEnvironment()
  const program = options.exec === undefined ? undefined : findProgram(options.exec, environment['PATH'])
  const deadlineMs = durationFlag('--exec-timeout', options.execTimeout) ?? EXEC_MS
  if (deadlineMs === 0) throw usageError('--exec-timeout leaves no time to run anything')
  const timeoutMs = context.options.timeout
  const startedAt = io.now()
  const { signal, end } = stopOnInterrupt(io)
  const interrupted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  // The timer also keeps the process alive, which a connection does not.
  let tick = (): void => {}
  const stopTicking = io.every(TICK_MS, () => tick())
  try {
    const opening = connect({
      url: readUrl(context.url, context.options.url === undefined ? 'HMS_URL' : '--url'),
      token: io.environment.token,
      bot: options.bot,
      region: options.region,
      // Overrides HMS_POLICIES.
      policies, // guard: watch-names-policies
      timeoutMs,
    })
    opening.catch(() => {})
    const connection = await Promise.race([opening, interrupted])
    if (connection === undefined) return EXIT.interrupted
    const queue = new ProgramQueue(async (change) => {
      if (program === undefined) return
      const { stdin, variables } = inputOf(change)
      const run = { program, stdin, environment: { ...environment, ...variables }, deadlineMs, signal }
      watch.programEnded(change, program, await runProgram(run))
    })
    const watch = new PolicyWatch(policies, { connection, output, now: io.now, onChange: (change) => queue.push(change) })
    try {
      watch.start()
      const timeout = new Promise<HmsError>((resolve) => {
        tick = () => {
          watch.tick()
          if (timeoutMs === undefined || watch.hasSeen || Math.abs(io.now() - startedAt) < timeoutMs) return
          const detail = `No version of ${policies.join(', ')} was in force within ${timeoutMs / 1_000} s`
          resolve(new HmsError('HMS_POLICY_NOT_FOUND', detail, { status: 404, next: ['hms-svc policies list'] }))
        }
      })
      const error = await Promise.race([interrupted, timeout])
      if (error !== undefined) throw error
      return EXIT.interrupted
    } finally {
      watch.stop()
      await queue.close()
      await connection.close()
    }
  } catch (error) {
    if (error instanceof HmsError && signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    stopTicking()
    end()
  }
}
