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
import type { Deed } from './plan.js'
import type { World } from './world.js'

const LOOK_MS = 200
const OPERATOR = { id: 'operator', name: 'operator', kind: 'operator' as const }

/** People and bots at their work. A refusal (`HmsError`) is an answer like any other. */
export async function perform(world: World, deed: Deed, number: number): Promise<void> {
  await world.scheduler.sleep(deed.atMs)
  try {
    if (deed.do === 'approve') await approve(world, deed)
    else if (deed.do === 'roll back') await rollBack(world, deed.policy, `rollback-${number}`)
    else if (deed.do === 'alert') await alert(world, deed, number)
    else if (deed.do === 'decide') await decide(world, deed)
    else if (deed.do === 'sign back') await signBack(world, deed)
    else if (deed.do === 'withdraw') await withdraw(world, deed.policy)
    else if (deed.do === 'break glass') await breakGlass(world, deed)
    else if (deed.do === 'retry') await retry(world, deed)
    else if (deed.do === 'freeze') await freeze(world, deed, number)
    else await connect(world, deed)
  } catch (error) {
    if (!(error instanceof HmsError)) throw error
  }
}

/** Fewer, where notifier dies at once and stays away: the seed goes on without them. */
export async function registerPartners(world: World, count: number): Promise<void> {
  try {
    await register(world, count)
  } catch (error) {
    if (!(error instanceof HmsError && error.code === AWAY)) throw error
  }
}

async function register(world: World, count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    const webhook = { url: `http://127.0.0.1:${index}/`, secret: `whsec_${Buffer.alloc(32, index).toString('base64')}` }
    const partner = { id: `partner-${index}`, name: `Partner ${index}`, groups: [], channels: [{ webhook }], networks: ['127.0.0.1/32'] }
    await world.client.ask('notifier', `register ${partner.id}`, ({ runtime, injector }) =>
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
  world: World,
  { policies, plan, queue, supersede, twice, effectiveInMs, apartMs = 0 }: Extract<Deed, { do: 'approve' }>,
): Promise<void> {
  const { nowMs } = world.scheduler
  const effective = (index: number): string =>
    effectiveInMs === undefined ? '2024-09-01T00:00:00Z' : new Date(nowMs + effectiveInMs + index * apartMs).toISOString()
  const wish = { policies: policies.map((policy, index) => ({ ...policy, effective: effective(index) })), plan, queue, supersede }
  await Promise.all(twice ? [world.press.approve(wish), world.press.approve(wish)] : [world.press.approve(wish)])
}

/** Two people at once now and then: the first wins. */
async function decide(world: World, { run, decision, twice }: Extract<Deed, { do: 'decide' }>): Promise<void> {
  const both = twice ? [decision, 'abort' as const] : [decision]
  await Promise.allSettled(both.map((wanted) => world.press.decide(run, wanted)))
}

async function freeze(world: World, freezes: Extract<Deed, { do: 'freeze' }>, number: number): Promise<void> {
  const { scope, aheadMs, forMs, liftAfterMs } = freezes
  const id = `freeze-${number}`
  const [from, until] = [aheadMs, forMs].map((inMs) => new Date(world.scheduler.nowMs + inMs).toISOString())
  await world.press.freeze({ id, reason: 'seeded', scope, ...(aheadMs === 0 ? {} : { from: from! }), until: until! })
  if (liftAfterMs === undefined) return
  await world.scheduler.sleep(liftAfterMs)
  await world.press.lift(id)
}

async function rollBack(world: World, policy: string, key: string): Promise<void> {
  const stable = await world.node('rollout').durable.read((tx) => tx.documents(STABLES).get(policy))
  const version = stable?.history.at(-1)?.version
  if (version === undefined) return
  await world.client.ask('rollout', `roll ${policy} back to ${version}`, ({ injector }) =>
    injector.get(RollBack).execute({ policy, version }, OPERATOR, { key }),
  )
}

async function signBack(world: World, { withinMs }: Extract<Deed, { do: 'sign back' }>): Promise<void> {
  const until = world.scheduler.nowMs + withinMs
  for (; world.scheduler.nowMs < until; await world.scheduler.sleep(LOOK_MS)) {
    const stables = await world.node('rollout').durable.read((tx) => tx.documents(STABLES).find())
    const found = stables.find(({ history }) => history.length > 0)
    if (found !== undefined) return void (await world.press.signBack(found.policy, found.history[0]!.version))
  }
}

async function withdraw(world: World, policy: string): Promise<void> {
  const current = (await stableNow(world, policy))?.current
  if (current === null || current === undefined) return
  const statement = await world.press.signWithdrawal(current.releaseDigest)
  await world.client.ask('rollout', `withdraw ${policy}@${current.version}`, ({ injector }) =>
    injector.get(Withdraw).execute({ policy, statement }),
  )
}

async function breakGlass(world: World, { policy, reviewAfterMs }: Extract<Deed, { do: 'break glass' }>): Promise<void> {
  const run = await world.press.breakGlass({ ...policy, effective: '2024-09-01T00:00:00Z' })
  if (reviewAfterMs === undefined) return
  await world.scheduler.sleep(reviewAfterMs)
  await world.press.review(run)
}

async function retry(world: World, { run, withinMs }: Extract<Deed, { do: 'retry' }>): Promise<void> {
  const until = world.scheduler.nowMs + withinMs
  for (; world.scheduler.nowMs < until; await world.scheduler.sleep(LOOK_MS)) {
    if ((await world.press.show(run))?.state === 'PAUSED') return world.press.decide(run, 'retry')
  }
}

function stableNow(world: World, policy: string): Promise<Stable | undefined> {
  return world.node('rollout').durable.read((tx) => stableOf(tx, policy))
}

async function alert(world: World, { bot, reading, lies, times }: Extract<Deed, { do: 'alert' }>, number: number): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const told = { id: `alert-${number}-${time}`, bot, region: 'NCR', kind: 'Violation', value: 1, reading: { id: reading } }
    await world.client.ask('config-store', `alert of ${bot}`, ({ injector }) => {
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
