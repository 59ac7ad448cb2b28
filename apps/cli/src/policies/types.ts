import { EXIT, type LocalPolicyView, type PolicyView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { declareTypes } from './declare-types.js'

/** Prints type declarations on stdout, to be stored with the sources of a program. */
export async function printTypes(context: CliContext): Promise<number> {
  const client = await context.client()
  const policies = await client.get<(PolicyView | LocalPolicyView)[]>('/v1/policies')
  const lines = declareTypes(policies)
  const made = { policies: policies.map(({ id, version }) => ({ id, version })), declarations: `${lines.join('\n')}\n` }
  context.output.data(made, () => lines)
  if (policies.length === 0) context.output.note('No policy is in force: the declaration names none.')
  return EXIT.done
}
