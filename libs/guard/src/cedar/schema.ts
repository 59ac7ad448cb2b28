import type { GuardRequest } from '../rule.js'
import type { CedarModule } from './engine.js'

/**
 * Schema of the attributes that Cedar rules may use; others fail at compilation. All kinds of principals have the same attributes, so a
 * rule need not check the kind first. Values of policies are only available to CEL, because Cedar's only numbers are integers.
 */
export const CEDAR_SCHEMA = `
entity Person, Operator, Service, Program { id: String, name: String, roles: Set<String> };
entity Policy { version: String, first: Bool, tags: Set<String>, author?: String, authors: Set<String>, approvers?: String };
action approve, advance, rollback appliesTo {
  principal: [Person, Operator, Service, Program],
  resource: Policy,
  context: { stage?: String, scope: String, share: Long, observeMs: Long, bakeMs: Long }
};`

const PRINCIPALS = { person: 'Person', operator: 'Operator', service: 'Service', program: 'Program' } as const

export type CedarRequest = Omit<Parameters<CedarModule['statefulIsAuthorized']>[0], 'preparsedPolicySetId'>

export const SCHEMA_NAME = 'hms'

export function cedarRequest({ action, principal, next, previous, author, authors, approvers, plan, stage }: GuardRequest): CedarRequest {
  const principalUid = { type: PRINCIPALS[principal.kind], id: principal.id }
  const change = { type: 'Policy', id: next.id }
  const known = { ...(author === null ? {} : { author }), ...(approvers === null ? {} : { approvers }) }
  const { scope, share, observeMs, bakeMs } = plan
  return {
    principal: principalUid,
    action: { type: 'Action', id: action },
    resource: change,
    context: { ...(stage === null ? {} : { stage }), scope, share, observeMs, bakeMs },
    entities: [
      { uid: principalUid, attrs: { id: principal.id, name: principal.name, roles: principal.roles }, parents: [] },
      { uid: change, attrs: { version: next.version, first: previous === null, tags: next.tags ?? [], authors, ...known }, parents: [] },
    ],
    preparsedSchemaName: SCHEMA_NAME,
    validateRequest: true,
  }
}
