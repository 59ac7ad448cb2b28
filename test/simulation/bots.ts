import type { AppliedFrame } from '#libs/contracts'
import { evaluate } from '#libs/evaluation'
import { Presence } from '../../apps/config-store/src/coverage/presence.js'
import { DocumentCopy } from '../../apps/config-store/src/copy/document-copy.js'
import type { Action } from './plan.js'
import type { Life } from './service-node.js'
import type { Harness } from './harness.js'

const LOOK_MS = 200

/** A bot that is connected to whichever process of config-store runs, and connects again when that one dies. */
export async function connect(harness: Harness, { bot, forMs, silent }: Extract<Action, { do: 'connect' }>): Promise<void> {
  const until = harness.scheduler.nowMs + forMs
  let at: Life | undefined
  let told = ''
  for (; harness.scheduler.nowMs < until; await harness.scheduler.sleep(LOOK_MS)) {
    const life = harness.node('config-store').lives.find(({ incarnation }) => !incarnation.paused)
    if (life !== at) {
      life?.injector.get(Presence).addSocket({ bot, region: 'NCR' }, life)
      harness.history.add(bot, life === undefined ? 'is alone' : `connects to ${life.incarnation.name}`)
      at = life
      told = ''
    }
    if (at === undefined || silent) continue
    const text = JSON.stringify(appliedBy(bot, at, harness.scheduler.nowMs))
    if (text !== told) at.injector.get(Presence).recordApplied(bot, at, JSON.parse(text))
    told = text
  }
  at?.injector.get(Presence).removeSocket(bot, at)
}

/** What a true bot says: of each policy the release that is in force for it, and those that it holds for later. */
function appliedBy(bot: string, { injector }: Life, now: number): AppliedFrame {
  const copy = injector.get(DocumentCopy)
  const inForce = copy.policies().flatMap((policy) => evaluate(copy.documentsOf(policy), { bot, region: 'NCR' }, now) ?? [])
  const early = inForce.find(({ held: { value } }) => Date.parse(value.effective) > now)
  if (early !== undefined)
    throw new Error(`${bot} lives under ${early.held.value.id}@${early.held.value.version} before ${early.held.value.effective}`)
  const held = copy
    .policies()
    .map((policy) => [
      policy,
      copy.documentsOf(policy).flatMap(({ next }) => (next !== null && next.atMs > now ? next.held.document.digest! : [])),
    ])
  const applied = Object.fromEntries(inForce.map(({ held: { document } }) => [document.id, document.digest!]))
  return { type: 'applied', revision: Math.max(1, copy.revision), applied, held: Object.fromEntries(held), cohortKey: true }
}
