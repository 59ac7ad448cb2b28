import { EXIT, HmsError, type Json, type LocalPolicyView, type PolicyView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'

export interface GetOptions {
  region?: string
  bot?: string
}

/** Of config-store, or of a side-car. */
type View = PolicyView | LocalPolicyView

/** `epa-pm25-limit` gives the policy with its provenance, `epa-pm25-limit.limit` that value alone. */
export async function getPolicyValue(context: CliContext, subject: string, options: GetOptions): Promise<number> {
  const [id = '', ...path] = subject.split('.')
  if (id === '' || path.includes(''))
    throw usageError(`"${subject}" is not ID or ID.FIELD, such as epa-pm25-limit.limit`, ['hms-svc runs list'])
  const client = await context.client()
  const view = await client.get<View>(`/v1/policies/${encodeURIComponent(id)}`, { region: options.region, bot: options.bot })
  if (path.length === 0) context.output.data(view, () => linesOf(view))
  else {
    const value = valueAt(view, path)
    context.output.data(value, () => textOf(value).split('\n'))
  }
  return EXIT.done
}

function valueAt(view: View, path: string[]): Json {
  let value: Json | undefined = view.value
  for (const name of path) {
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, Json>)[name] : undefined
  }
  if (value !== undefined) return value
  throw new HmsError('HMS_POLICY_FIELD_UNKNOWN', `${view.id}@${view.version} has no ${path.join('.')}`, {
    status: 404,
    next: [`hms-svc get ${view.id}`],
  })
}

function linesOf(view: View): string[] {
  return [
    `${view.id}@${view.version}  revision ${view.revision}, ${view.source}, ${view.scope}`,
    ...Object.entries(view.value)
      .filter(([name]) => name !== 'id' && name !== 'version')
      .map(([name, value]) => `  ${name}: ${textOf(value ?? null)}`),
    ...('provenance' in view
      ? provenanceOf(view)
      : [`${view.state}, confirmed ${(view.ageMs / 1_000).toFixed(1)} s ago; roster ${view.trust}`]),
  ]
}

function provenanceOf({ provenance }: PolicyView): string[] {
  return [`${provenance.run === null ? 'No run' : `Run #${provenance.run}`}, ${provenance.digest}`, originOf(provenance)]
}

function originOf({ approvedBy, author, soleOfficial }: PolicyView['provenance']): string {
  const by = `Approved by ${approvedBy.join(', ') || 'nobody'}`
  if (soleOfficial === true) return `${by}, who wrote it and is the sole official`
  return author === null ? by : `${by}, written by ${author}`
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
