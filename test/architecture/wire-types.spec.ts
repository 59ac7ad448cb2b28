import type {
  AlertRequest,
  ApprovalRequest,
  BotRegistration,
  ChannelRegistration,
  CorpusRegistration,
  DeliveriesFilter,
  DiscardRequest,
  IssuedHeads,
  PartnerRegistration,
  PrepareBreakGlassRequest,
  PrepareRequest,
  PrepareRollbackRequest,
  RedriveManyRequest,
  ResubscribeRequest,
  RollbackRequest,
  ScenarioRegistration,
  SchemaRegistration,
  SignedFreshness,
  StatementRequest,
  TokenRequest,
  WithdrawalRequest,
} from '#libs/contracts'
import type { StatementRequestDto } from '#libs/service'
import { expect, it } from 'vitest'
import type { ApprovalRequestDto, PrepareRequestDto } from '../../apps/approver/src/approvals/approvals.dto.js'
import type { PrepareBreakGlassDto } from '../../apps/approver/src/break-glass/break-glass.dto.js'
import type { TokenRequestDto } from '../../apps/approver/src/tokens/tokens.dto.js'
import type { AlertDto } from '../../apps/config-store/src/alerts/alerts.dto.js'
import type { IssuedHeadsDto, SignedFreshnessDto } from '../../apps/config-store/src/intake/heads.dto.js'
import type { SchemaRegistrationDto } from '../../apps/linter/src/schemas/schemas.dto.js'
import type { DeliveriesQueryDto } from '../../apps/notifier/src/delivery/deliveries.dto.js'
import type { ChannelDto } from '../../apps/notifier/src/partners/channels.dto.js'
import type { PartnerRegistrationDto } from '../../apps/notifier/src/partners/partners.dto.js'
import type { RedriveManyDto } from '../../apps/notifier/src/redrive/redrive.dto.js'
import type { ResubscribeDto } from '../../apps/notifier/src/unsubscribes/unsubscribes.dto.js'
import type { RollbackRequestDto } from '../../apps/rollout/src/rollbacks/rollbacks.dto.js'
import type { WithdrawalRequestDto } from '../../apps/rollout/src/withdrawals/withdrawals.dto.js'
import type { BotRegistrationDto } from '../../apps/simulator/src/bots/bots.dto.js'
import type { CorpusRegistrationDto } from '../../apps/simulator/src/corpora/corpora.dto.js'
import type { ScenarioRegistrationDto } from '../../apps/simulator/src/scenarios/scenarios.dto.js'
import type { DiscardDto } from '../../libs/service/src/dead-letters/dead-letters.dto.js'
import { sourcesOf } from './root.js'

/** A type whose named members are optional: the class gives them a default. */
type Defaulted<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>
/** The members of a type, at every depth, without the names of classes and interfaces. */
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false
/** Of a union of objects with one member each: the object with all of them, each optional. */
type AnyMember<U> = { [K in U extends unknown ? keyof U : never]?: U extends Record<K, infer V> ? V : never }

/** Bodies that no client of ours sends, or whose class is the only declaration. */
const ONLY_CLASS = [
  'AcknowledgementDto',
  'BreakGlassRequestDto',
  'GuardTrialRequestDto',
  'LintRequestDto',
  'OfrepRequest',
  'PartnerTestDto',
  'RedriveDto',
  'RestoreDocumentDto',
  'RosterProposalDto',
  'RosterSignatureDto',
  'TrialRequestDto',
  'UnsubscribeDto',
]

/** Does not compile unless the class `name`, which reads a body, has exactly the members of the type that clients send. */
function same<Class, Contract>(name: Same<Class, Contract> extends true ? string : never): string {
  return name
}

const COMPARED = [
  same<AlertDto, AlertRequest>('AlertDto'),
  same<ApprovalRequestDto, ApprovalRequest>('ApprovalRequestDto'),
  same<BotRegistrationDto, BotRegistration>('BotRegistrationDto'),
  same<CorpusRegistrationDto, CorpusRegistration>('CorpusRegistrationDto'),
  same<Defaulted<DeliveriesQueryDto, 'limit'>, DeliveriesFilter>('DeliveriesQueryDto'),
  same<DiscardDto, DiscardRequest>('DiscardDto'),
  same<IssuedHeadsDto, IssuedHeads>('IssuedHeadsDto'),
  same<Omit<PartnerRegistrationDto, 'channels'>, Omit<PartnerRegistration, 'channels'>>('PartnerRegistrationDto'),
  same<ChannelDto, AnyMember<ChannelRegistration>>('ChannelDto'),
  same<PrepareBreakGlassDto, PrepareBreakGlassRequest>('PrepareBreakGlassDto'),
  same<PrepareRequestDto, Partial<PrepareRequest & PrepareRollbackRequest>>('PrepareRequestDto'),
  same<RedriveManyDto, RedriveManyRequest>('RedriveManyDto'),
  same<ResubscribeDto, ResubscribeRequest>('ResubscribeDto'),
  same<RollbackRequestDto, RollbackRequest>('RollbackRequestDto'),
  same<ScenarioRegistrationDto, ScenarioRegistration>('ScenarioRegistrationDto'),
  same<SchemaRegistrationDto, SchemaRegistration>('SchemaRegistrationDto'),
  same<SignedFreshnessDto, SignedFreshness>('SignedFreshnessDto'),
  same<StatementRequestDto, StatementRequest>('StatementRequestDto'),
  same<Defaulted<TokenRequestDto, 'expiresInMs'>, TokenRequest>('TokenRequestDto'),
  same<WithdrawalRequestDto, WithdrawalRequest>('WithdrawalRequestDto'),
]

it('each class that reads a body is compared with the type that clients send', () => {
  const controllers = ['apps', 'libs/service/src'].flatMap((folder) => sourcesOf(folder, /\.http\.ts$/))
  const bodies = controllers.flatMap(({ text }) => [...text.matchAll(/@Body\(\) (?:\w+|\{[^}]*\}): (\w+)/g)].map(([, name]) => name!))
  expect(bodies.length).toBeGreaterThan(30)
  expect(bodies.filter((name) => !COMPARED.includes(name) && !ONLY_CLASS.includes(name))).toEqual([])
})
