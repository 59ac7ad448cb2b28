import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { declareTypes } from './declare-types.js'
import {
  isRefused,
  readPresentPolicies,
  requireVerified,
  warnOf,
  type PresentReader,
  type RefusedPolicy,
  type ShownPolicy,
} from './read-present.js'

/** Shows the policies in force, verified as by `get`. Marks each that does not verify (exit 10). Warns without a roster. */
export async function listPolicies(context: CliContext, reader: PresentReader): Promise<void> {
  const policies = await readPresentPolicies(context, reader)
  context.output.list(
    policies,
    {
      POLICY: 'id',
      VERSION: ({ version }) => version ?? '✗',
      'IN FORCE SINCE': (policy) => verified(policy)?.since ?? null,
      SCOPE: (policy) => verified(policy)?.scope ?? null,
      // Policies read from a side-car have no provenance.
      RUN: (policy) => verified(policy)?.provenance?.run ?? null,
      'APPROVED BY': (policy) => verified(policy)?.provenance?.approvedBy.join(', ') ?? null,
    },
    'No policy is in force.',
    (policy) => (isRefused(policy) ? 'bad' : undefined),
  )
  warnOf(context, policies)
  requireVerified(policies)
}

function verified(policy: ShownPolicy | RefusedPolicy): ShownPolicy | undefined {
  return isRefused(policy) ? undefined : policy
}

/** Makes config-store restore one policy to its signed state; prints where each document was found. */
export async function restorePolicy(context: CliContext, id: string, { reason }: { reason?: string }): Promise<void> {
  requireName(id, 'the id of a policy', 'hms-svc policies list')
  const restored = await context.post('/v1/policies/{id}/restore', { reason }, { params: { id } })
  context.output.list(restored, { PLACE: 'place', HEAD: 'seq', 'FOUND IN': 'from' }, `There is no policy ${id}.`)
}

/** Prints type declarations on stdout, to be stored with the sources of a program. Nothing is printed if a policy does not verify. */
export async function printTypes(context: CliContext): Promise<void> {
  const policies = await readPresentPolicies(context, {})
  requireVerified(policies)
  warnOf(context, policies)
  const lines = declareTypes(policies)
  const declared = policies.map(({ id, version, verification }) => ({ id, version, verification }))
  context.output.data({ policies: declared, declarations: `${lines.join('\n')}\n` }, () => lines)
  if (policies.length === 0) context.output.note('No policy is in force: the declaration names none.')
}
