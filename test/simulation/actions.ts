import { HmsError } from '#libs/contracts'
import { RollBack } from '../../apps/rollout/src/rollbacks/roll-back.js'
import { stableOf, STABLES, type Stable } from '../../apps/rollout/src/stable/stable.table.js'
import { Withdraw } from '../../apps/rollout/src/withdrawals/withdraw.js'
import { AcceptAlert } from '../../apps/config-store/src/alerts/accept-alert.js'
import { CHANNEL_SENDERS } from '../../apps/notifier/src/channels/channel-sender.js'
import { NotifierConfig } from '../../apps/notifier/src/notifier.config.js'
import { SecretBox } from '../../apps/notifier/src/secrets/secret-box.js'
import { Presence } from '../../apps/config-store/src/coverage/presence.js'
import { PartnersController } from '../../apps/notifier/src/registration/partners.http.js'
import { connect } from './bots.js'
import { AWAY } from './client.js'
import type { Action } from './plan.js'
import type { Harness } from './harness.js'

const LOOK_MS = 200
const OPERATOR = { id: 'operator', name: 'operator', kind: 'operator' as const }

/** People and bots at their work. A refusal (`HmsError`) is an answer like any other. */
export async function perform(harness: Harness, action: Action, number: number): Promise<void> {
  await harness.scheduler.sleep(action.atMs)
  try {
    if (action.do === 'approve') await approve(harness, action)
    else if (action.do === 'roll back') await rollBack(harness, action.policy, `rollback-${number}`)
    else if (action.do === 'alert') await alert(harness, action, number)
    else if (action.do === 'decide') await decide(harness, action)
    else if (action.do === 'sign back') await signBack(harness, action)
    else if (action.do === 'withdraw') await withdraw(harness, action.policy)
    else if (action.do === 'break glass') await breakGlass(harness, action)
    else if (action.do === 'retry') await retry(harness, action)
    else if (action.do === 'freeze') await freeze(harness, action, number)
    else await connect(harness, action)
  } catch (error) {
    if (!(error instanceof HmsError)) throw error
  }
}

/** Fewer, where notifier dies at once and stays away: the seed goes on without them. */
export async function registerPartners(harness: Harness, count: number): Promise<void> {
  try {
    await register(harness, count)
  } catch (error) {
    if (!(error instanceof HmsError && error.code === AWAY)) throw error
  }
}

async function register(harness: Harness, count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    const webhook = { url: `http://127.0.0.1:${index}/`, secret: `whsec_${Buffer.alloc(32, index).toString('base64')}` }
    const partner = { id: `partner-${index}`, name: `Partner ${index}`, groups: [], channels: [{ webhook }], networks: ['127.0.0.1/32'] }
    await harness.client.ask('notifier', `register ${partner.id}`, ({ runtime, injector }) =>
      new PartnersController(
        runtime.database,
        runtime.outbox,
        injector.get(NotifierConfig),
        injector.get(CHANNEL_SENDERS),
        injector.get(SecretBox),
      ).add(partner),
    )
  }
}

async function approve(
  harness: Harness,
  { policies, plan, queue, supersede, twice, effectiveInMs, apartMs = 0 }: Extract<Action, { do: 'approve' }>,
): Promise<void> {
  const { nowMs } = harness.scheduler
  const effective = (index: number): string =>
    effectiveInMs === undefined ? '2024-09-01T00:00:00Z' : new Date(nowMs + effectiveInMs + index * apartMs).toISOString()
  const wish = { policies: policies.map((policy, index) => ({ ...policy, effective: effective(index) })), plan, queue, supersede }
  await Promise.all(twice ? [harness.press.approve(wish), harness.press.approve(wish)] : [harness.press.approve(wish)])
}

/** Two people at once now and then: the first wins. */
async function decide(harness: Harness, { run, decision, twice }: Extract<Action, { do: 'decide' }>): Promise<void> {
  const both = twice ? [decision, 'abort' as const] : [decision]
  await Promise.allSettled(both.map((wanted) => harness.press.decide(run, wanted)))
}

async function freeze(harness: Harness, freezes: Extract<Action, { do: 'freeze' }>, number: number): Promise<void> {
  const { scope, aheadMs, forMs, liftAfterMs } = freezes
  const id = `freeze-${number}`
  const [from, until] = [aheadMs, forMs].map((inMs) => new Date(harness.scheduler.nowMs + inMs).toISOString())
  await harness.press.freeze({ id, reason: 'seeded', scope, ...(aheadMs === 0 ? {} : { from: from! }), until: until! })
  if (liftAfterMs === undefined) return
  await harness.scheduler.sleep(liftAfterMs)
  await harness.press.lift(id)
}

async function rollBack(harness: Harness, policy: string, key: string): Promise<void> {
  const stable = await harness.node('rollout').durable.read((tx) => tx.documents(STABLES).get(policy))
  const version = stable?.history.at(-1)?.version
  if (version === undefined) return
  await harness.client.ask('rollout', `roll ${policy} back to ${version}`, ({ injector }) =>
    injector.get(RollBack).execute({ policy, version }, OPERATOR, { key }),
  )
}

async function signBack(harness: Harness, { withinMs }: Extract<Action, { do: 'sign back' }>): Promise<void> {
  const until = harness.scheduler.nowMs + withinMs
  for (; harness.scheduler.nowMs < until; await harness.scheduler.sleep(LOOK_MS)) {
    const stables = await harness.node('rollout').durable.read((tx) => tx.documents(STABLES).find())
    const found = stables.find(({ history }) => history.length > 0)
    if (found !== undefined) return void (await harness.press.signBack(found.policy, found.history[0]!.version))
  }
}

async function withdraw(harness: Harness, policy: string): Promise<void> {
  const current = (await stableNow(harness, policy))?.current
  if (current === null || current === undefined) return
  const statement = await harness.press.signWithdrawal(current.releaseDigest)
  await harness.client.ask('rollout', `withdraw ${policy}@${current.version}`, ({ injector }) =>
    injector.get(Withdraw).execute({ policy, statement }),
  )
}

async function breakGlass(harness: Harness, { policy, reviewAfterMs }: Extract<Action, { do: 'break glass' }>): Promise<void> {
  const run = await harness.press.breakGlass({ ...policy, effective: '2024-09-01T00:00:00Z' })
  if (reviewAfterMs === undefined) return
  await harness.scheduler.sleep(reviewAfterMs)
  await harness.press.review(run)
}

async function retry(harness: Harness, { run, withinMs }: Extract<Action, { do: 'retry' }>): Promise<void> {
  const until = harness.scheduler.nowMs + withinMs
  for (; harness.scheduler.nowMs < until; await harness.scheduler.sleep(LOOK_MS)) {
    if ((await harness.press.show(run))?.state === 'PAUSED') return harness.press.decide(run, 'retry')
  }
}

function stableNow(harness: Harness, policy: string): Promise<Stable | undefined> {
  return harness.node('rollout').durable.read((tx) => stableOf(tx, policy))
}

async function alert(harness: Harness, { bot, reading, lies, times }: Extract<Action, { do: 'alert' }>, number: number): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const told = { id: `alert-${number}-${time}`, bot, region: 'NCR', kind: 'Violation', value: 1, reading: { id: reading } }
    await harness.client.ask('config-store', `alert of ${bot}`, ({ injector }) => {
      const presence = injector.get(Presence)
      // Only for the moment: a reader that stays would be waited for.
      if (lies) presence.addSocket({ bot, region: 'TX' }, told)
      try {
        return injector.get(AcceptAlert).execute(told)
      } finally {
        presence.removeSocket(bot, told)
      }
    })
  }
}
