import { loadCedar, type CedarModule } from './engine.js'
import { CEDAR_SCHEMA, SCHEMA_NAME, type CedarRequest } from './schema.js'

/** Cedar texts by policy id, such as `guard/ID@VERSION`. In a single text, Cedar would name policies `policy0` and so on. */
export type CedarPolicies = Readonly<Record<string, string>>

export type CedarDecision = { allowed: boolean; /** Ids of the policies that decided. */ reasons: string[] }

/** Maximum slots of parsed policy sets in the engine. The engine never frees a slot, so the oldest is overwritten when all are used. */
const MAX_KEPT = 256

/**
 * The Cedar engine, loaded on first use. Any failure throws and discards the instance, because it may have trapped. Errors of single
 * policies throw too: Cedar skips a `forbid` that fails, and the remaining policies may result in allow.
 */
export class Cedar {
  private module: CedarModule | undefined
  private readonly slots = new Map<string, string>()

  constructor(private readonly load: () => CedarModule = loadCedar) {}

  decide(policies: CedarPolicies, request: CedarRequest): CedarDecision {
    const result = this.use((module) => module.statefulIsAuthorized({ ...request, preparsedPolicySetId: this.slotOf(module, policies) }))
    if (result.type === 'failure') throw new Error(textOf(result.errors))
    const { decision, diagnostics } = result.response
    const [first] = diagnostics.errors
    if (first !== undefined) throw new Error(`${first.policyId}: ${first.error.message}`)
    return { allowed: decision === 'allow', reasons: diagnostics.reason }
  }

  /** Returns why a text is an invalid policy; `undefined` if it is valid. `forbidOnly`: a `permit` is invalid too. */
  problemOf(id: string, text: string, { forbidOnly }: { forbidOnly: boolean }): string | undefined {
    const call = { schema: CEDAR_SCHEMA, policies: { staticPolicies: { [id]: text } } }
    const checked = this.use((module) => module.validate(call))
    if (checked.type === 'failure') return textOf(checked.errors)
    const found = [...checked.validationErrors, ...checked.validationWarnings].map(({ error }) => error)
    if (found.length > 0) return textOf(found)
    if (!forbidOnly) return undefined
    const read = this.use((module) => module.policyToJson(text))
    if (read.type === 'failure') return textOf(read.errors)
    return read.json.effect === 'forbid' ? undefined : 'a rule may only forbid; the product itself defines who is permitted what'
  }

  private slotOf(module: CedarModule, policies: CedarPolicies): string {
    const content = JSON.stringify(policies)
    const known = this.slots.get(content)
    if (known !== undefined) return known
    const oldest = this.slots.size < MAX_KEPT ? undefined : this.slots.entries().next().value
    const slot = oldest?.[1] ?? `set-${this.slots.size}`
    if (oldest !== undefined) this.slots.delete(oldest[0])
    const parsed = module.preparsePolicySet(slot, { staticPolicies: { ...policies } })
    if (parsed.type === 'failure') throw new Error(textOf(parsed.errors))
    this.slots.set(content, slot)
    return slot
  }

  private use<T>(call: (module: CedarModule) => T): T {
    try {
      this.module ??= this.start()
      return call(this.module)
    } catch (error) {
      this.module = undefined
      this.slots.clear()
      throw error
    }
  }

  private start(): CedarModule {
    const module = this.load()
    const parsed = module.preparseSchema(SCHEMA_NAME, CEDAR_SCHEMA)
    if (parsed.type === 'failure') throw new Error(textOf(parsed.errors))
    return module
  }
}

function textOf(errors: readonly { message: string; help: string | null }[]): string {
  const [first] = errors
  if (first === undefined) return 'the engine gave no reason'
  return first.help === null ? first.message : `${first.message} (${first.help})`
}
