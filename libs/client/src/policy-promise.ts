import { HmsError } from '#libs/contracts'

/** Promise whose fields are promises too: `await getPolicy(id).limit`. Read fields `then`, `catch` and `finally` of the awaited policy. */
export type PolicyPromise<T> = Promise<T> & { readonly [K in PathKey<T>]-?: PolicyPromise<Field<T, K>> }

type PathKey<T> = Exclude<T extends object ? keyof T : T extends undefined ? never : string, keyof Promise<unknown> | symbol>
type Field<T, K> = T extends object ? (K extends keyof T ? T[K] : never) : never

const OWN: ReadonlySet<PropertyKey> = new Set(['then', 'catch', 'finally'])

/**
 * Wraps `root`. A path is resolved only when it is awaited, so neither an unused path nor `root` causes an unhandled rejection. A missing
 * field rejects with `HMS_POLICY_FIELD_UNKNOWN` (404), because `undefined` in a comparison would be a rule that silently never holds.
 */
export function policyPromise<T>(root: Promise<T>): PolicyPromise<T> {
  root.catch(() => undefined)
  return follow(root, []) as PolicyPromise<T>
}

function follow(root: Promise<unknown>, path: readonly string[]): unknown {
  return new Proxy(root, {
    get(target, key) {
      if (OWN.has(key)) {
        const here = path.length === 0 ? root : root.then((value) => read(value, path))
        return (here[key as 'then'] as (...args: unknown[]) => unknown).bind(here)
      }
      if (typeof key === 'symbol') return Reflect.get(target, key)
      return follow(root, [...path, key])
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  })
}

function read(root: unknown, path: readonly string[]): unknown {
  let value = root
  for (const [depth, key] of path.entries()) {
    if (value === null || value === undefined || !Object.hasOwn(Object(value) as object, key)) {
      const where = path.slice(0, depth + 1).join('.')
      throw new HmsError('HMS_POLICY_FIELD_UNKNOWN', `the policy has no field ${where}`, { status: 404 })
    }
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
