/**
 * Source of the loop around a bot. It runs inside the sandbox and can reach nothing of the host, not even a function.
 * It evaluates to a function that takes the prelude's `reseed` and returns the object whose methods the host calls:
 *
 * - `adopt(module)` checks the exports, and returns the module's declarations as JSON `{ policies, majors }`.
 * - `begin(seed, policies)` starts a run with these policies, frozen, and reseeds clock and randomness. Module state of the bot
 *   stays, as in a bot that is running when a policy changes: a bot that caches its first limit is found STALE.
 * - `judge(readings)` judges one batch and returns JSON `{ verdicts, alerts, reads, error? }`; `verdicts` has `0` or `1` per reading.
 *   Readings are parsed afresh for each run, so a bot that writes to one does not change the next run's input.
 */
;(reseed) => {
  const { parse, stringify } = JSON,
    { freeze } = Object
  let inspect,
    declares = [],
    policies = new Map(),
    reads = new Set(),
    position = -1
  // Given up to make room for naming an error when a bot has used up all memory.
  let ballast = new ArrayBuffer(262144)
  const deepFreeze = (value) => {
    if (typeof value === 'object' && value !== null) {
      for (const key in value) deepFreeze(value[key])
      freeze(value)
    }
    return value
  }
  const getPolicy = (id) => {
    reads.add(id)
    const policy = policies.get(id)
    if (policy === undefined) {
      const end = declares.includes(id) ? '' : ' that this bot declares'
      throw new Error('getPolicy: no policy ' + String(id) + ' is in force' + end)
    }
    return policy
  }
  const describe = (error) => {
    ballast = null
    try {
      if (typeof error === 'object' && error !== null && 'message' in error) return String(error.name) + ': ' + String(error.message)
      // QuickJS throws null when it cannot even allocate the error that says "out of memory".
      return error === null ? 'threw null, or ran out of memory' : 'threw ' + String(error)
    } catch {
      return 'threw a value that has no text'
    }
  }
  const kindOf = (answer) => {
    if (answer === null || answer === undefined) return null
    if (typeof answer === 'object' && typeof answer.alert === 'string' && answer.alert !== '') return answer.alert
    throw new TypeError('inspect must return null or { alert: "Kind", value }')
  }
  return {
    describe,
    position: () => position,
    adopt(module) {
      if (typeof module.default !== 'function') {
        throw new TypeError('no default export: export default function inspect(reading, getPolicy)')
      }
      const declared = module.policies
      if (!Array.isArray(declared) || declared.length === 0 || !declared.every((id) => typeof id === 'string' && id !== '')) {
        throw new TypeError('no policies: export const policies = ["policy-id"]')
      }
      const majors = module.majors === undefined ? {} : module.majors
      const isMajors = (list) => Array.isArray(list) && list.length > 0 && list.length <= 100 && list.every(Number.isInteger)
      if (typeof majors !== 'object' || majors === null || Array.isArray(majors) || !Object.values(majors).every(isMajors)) {
        throw new TypeError('majors are no lists of major versions: export const majors = { "policy-id": [1, 2] }')
      }
      inspect = module.default
      declares = [...new Set(declared)]
      return stringify({ policies: declares, majors: Object.fromEntries(Object.entries(majors)) })
    },
    begin(seed, text) {
      reseed(seed)
      policies = new Map(Object.entries(parse(text)).map(([id, policy]) => [id, deepFreeze(policy)]))
      reads = new Set()
    },
    async judge(text) {
      const readings = parse(text)
      let verdicts = '',
        alerts = '',
        error
      try {
        for (position = 0; position < readings.length; position++) {
          let answer = inspect(readings[position], getPolicy)
          if (typeof answer === 'object' && answer !== null && typeof answer.then === 'function') answer = await answer
          const kind = kindOf(answer)
          verdicts += kind === null ? '0' : '1'
          if (kind !== null) alerts += stringify([kind, answer.value]) + ';'
        }
      } catch (thrown) {
        error = describe(thrown)
      }
      return stringify({ verdicts, alerts, reads: [...reads].map(String), error })
    },
  }
}
