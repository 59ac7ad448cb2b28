import { REMOVED_FIELD, statementFields, valueOfField } from '#libs/contracts'
import type { PlacedAct } from '../act.js'
import { fromBase64 } from './bytes.js'
import { digestOfBytes } from './sign-bytes.js'

/** What the page shows of one statement. */
export interface Shown {
  /** In groups of four, as people compare it. */
  digest: string
  /** Base64 of the statement: what will be signed. */
  bytes: string
  lines: { field: string; value: string }[]
  /** Of a release: the changed fields, with what they become. */
  changes: { field: string; to: string }[]
}

interface ShownPredicate {
  policy?: unknown
  breakGlass?: unknown
}

/** The page does not show what its bytes say. Nobody may sign then. */
export class NotAsShown extends Error {
  override readonly name = 'NotAsShown'

  constructor(what: string) {
    super(`Nothing was signed: ${what}. Do not sign this page; tell the operator, and sign with hms-svc, which reads the bytes itself.`)
  }
}

/** What each act signs. A roster or a request that names a policy too would be signed as willingly. */
const SIGNED_BY: Record<PlacedAct['kind'], readonly string[]> = { approval: ['release'], statement: ['decision', 'freeze'], rollback: [] }
const TYPE = /^https:\/\/hms-svc\.dev\/attestation\/([a-z]+)\/v1$/

/** Holds what a person sees against the bytes: what they are, digest, every field, and every changed value. Throws `NotAsShown`. */
export async function checkShown({ digest, bytes, lines, changes }: Shown, kind: PlacedAct['kind']): Promise<void> {
  const payload = fromBase64(bytes)
  const found = await digestOfBytes(payload)
  if (digest.replaceAll(/\s/g, '') !== found) throw new NotAsShown(`the digest shown is not that of the bytes, which is ${found}`)
  const statement = new TextDecoder().decode(payload)
  const said = statementFields(statement)
  const other = said.find(({ field, value }, index) => lines[index]?.field !== field || lines[index]?.value !== value)
  if (other !== undefined || said.length !== lines.length)
    throw new NotAsShown(
      `the fields shown are not those of the bytes${other === undefined ? '' : `, which say ${other.field} ${other.value}`}`,
    )
  const { predicateType, predicate } = JSON.parse(statement) as { predicateType?: unknown; predicate: ShownPredicate }
  const type = TYPE.exec(String(predicateType))?.[1]
  if (type === undefined || !SIGNED_BY[kind].includes(type)) throw new NotAsShown(`the bytes are a ${type ?? String(predicateType)}`)
  const { policy, breakGlass } = predicate
  // Two such signatures send a release past every trial: they leave no page.
  if (breakGlass !== undefined) throw new Error('Nothing was signed: this is break-glass. Sign it with hms-svc break-glass, on purpose.')
  for (const { field, to } of changes) {
    const value = valueOfField(policy, field) ?? REMOVED_FIELD
    if (value !== to) throw new NotAsShown(`the page shows ${field} as ${to}, and the bytes say ${value}`)
  }
}
