import { ANSWER_MS, decide } from '#libs/client'
import { EXIT, type RunDecisionName } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseDurationFlag } from '../duration-flag.js'
import { requirePublicReason, requireReason } from '../errors.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import type { PassphraseOptions } from '../keys/passphrase.js'
import { renderRun } from '../output/render-run.js'
import { parseRunNumber } from './run-number.js'

export interface DecideFlags extends PassphraseOptions {
  sign: string
  reason: string
  publicReason?: string
  by?: string
}

/**
 * Signs a person's decision and waits, 30 s by default (`--timeout`), until the stage that owns the run has applied it. Too late: exit 5.
 */
export async function decideOnRun(context: CliContext, decision: RunDecisionName, text: string, flags: DecideFlags): Promise<number> {
  const run = parseRunNumber(text)
  requireReason(flags.reason, `runs ${decision}`)
  requirePublicReason(flags.publicReason, `runs ${decision}`)
  const client = await context.client()
  const signer = await openKey(context, keyFolderOf(context), flags.sign, flags)
  const view = await decide(client, run, decision, {
    reason: flags.reason,
    publicReason: flags.publicReason,
    byMs: await parseDurationFlag('--by', flags.by),
    signer,
    waitMs: (await context.timeoutMs()) ?? ANSWER_MS,
  })
  if (context.output.mode !== 'quiet') context.output.data(view, () => renderRun(view, context.output.paint))
  return EXIT.done
}
