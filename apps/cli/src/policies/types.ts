import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { declareTypes } from './declare-types.js'
import { readPresentPolicies, requireVerified, warnOf } from './read-present.js'

/** Prints type declarations on stdout, to be stored with the sources of a program. Nothing is printed if a policy does not verify. */
export async function printTypes(context: CliContext): Promise<number> {
  const policies = await readPresentPolicies(context, {})
  requireVerified(policies)
  warnOf(context, policies)
  const lines = declareTypes(policies)
  const declared = policies.map(({ id, version, verification }) => ({ id, version, verification }))
  context.output.data({ policies: declared, declarations: `${lines.join('\n')}\n` }, () => lines)
  if (policies.length === 0) context.output.note('No policy is in force: the declaration names none.')
  return EXIT.done
}
