import { evaluate, decodeDocument, type HeldDocument } from '#libs/evaluation'
import type { ConfigDocument } from '#libs/contracts'
import type { Oracle } from './oracle.js'

/**
 * I7: with no run under way no canary speaks for anybody. Asked as a reader asks who is in every share, at the moment when stable last
 * moved: a canary whose lease ran out before the oracle came was in force all the same from then to its end.
 */
export const canariesOver: Oracle = {
  name: 'no canary scope live after its run',
  async check({ observer }) {
    const rows = await observer.rows<{ policy: string; docs: ConfigDocument[] }>(
      'SELECT policy, jsonb_agg(doc) AS docs FROM config_store.document GROUP BY policy',
    )
    const runs = await observer.rows<{ id: string; state: string }>('SELECT id, state FROM approver.run')
    const stateOf = new Map(runs.map(({ id, state }) => [Number(id), state]))
    const violations: string[] = []
    let looked = 0
    for (const { policy, docs } of rows) {
      const held = docs.map(decodeDocument)
      const stable = held.find(({ head }) => head.scope === 'global')
      for (const canary of held.filter(({ head }) => head.scope !== 'global').map(forEverybody)) {
        looked++
        const { scope, seq, run, expires, issuedAt } = canary.head
        const at = Math.max(Date.parse(stable?.head.issuedAt ?? ''), Date.parse(issuedAt)) || Date.parse(issuedAt)
        const readers = { bot: 'anyone', region: scope.slice('region:'.length) }
        const inForce = evaluate([...(stable === undefined ? [] : [stable]), canary], readers, at)
        if (inForce?.held.head.scope !== scope) continue
        violations.push(
          `${policy} ${scope}: head ${seq} of run ${run} (${stateOf.get(run ?? 0)}) is in force until ${expires}, stable has been ${stable?.document.version} since ${stable?.head.issuedAt}`,
        )
      }
    }
    return { looked, violations }
  },
}

function forEverybody(held: HeldDocument): HeldDocument {
  return { ...held, head: { ...held.head, share: 10_000 } }
}
