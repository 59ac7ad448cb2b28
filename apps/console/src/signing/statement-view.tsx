import { digestInGroups, REMOVED_FIELD, statementFields, valueOfField, type FieldDifference, type Json } from '#libs/contracts'
import type { JSX } from 'preact'
import { Table } from '../page/parts.js'
import { unitText } from '../policies/rule-of.js'

export interface StatementProps {
  /** Base64 of the bytes that are signed. */
  payload: string
  digest: string
  /** Of a release: against what is live. */
  differences?: readonly FieldDifference[]
  live?: string | null
  version?: string
}

/**
 * What is signed, once: its digest, what changes, and every field. The page's script holds all of it against the bytes before it signs, so
 * whatever is marked `data-` here is part of a check.
 */
export function Statement({ payload, digest, differences, live, version }: StatementProps): JSX.Element {
  const statement = Buffer.from(payload, 'base64').toString()
  const lines = statementFields(statement)
  return (
    <div data-statement={payload}>
      <p>
        Digest, as other signers see it:{' '}
        <span class="digest" data-digest>
          {digestInGroups(digest)}
        </span>
      </p>
      {differences === undefined ? null : (
        <Differences statement={statement} differences={differences} live={live ?? null} version={version ?? ''} />
      )}
      <details>
        <summary>All {lines.length} fields that are signed</summary>
        <Table caption="Every field of what is signed" head={['Field', 'Value']}>
          {lines.map(({ field, value }) => (
            <tr key={field} data-said>
              <th scope="row" data-cell>
                {field}
              </th>
              <td data-cell>{value}</td>
            </tr>
          ))}
        </Table>
      </details>
    </div>
  )
}

interface DifferencesProps {
  statement: string
  differences: readonly FieldDifference[]
  live: string | null
  version: string
}

/** Which fields differ is approver's to say; what they become is read from the bytes. */
function Differences({ statement, differences, live, version }: DifferencesProps): JSX.Element {
  if (differences.length === 0) return <p class="none">No value changes{live === null ? '' : ` against ${live}`}.</p>
  const { policy } = (JSON.parse(statement) as { predicate: { policy?: unknown } }).predicate
  const now = live === null ? 'Now (nothing is in force)' : `Now (${live})`
  return (
    <Table caption="What changes" head={['Field', now, `Then (${version})`, 'Unit', 'Type']}>
      {differences.map(({ field, from, to, units }) => (
        <tr key={field} data-change>
          <th scope="row" data-cell>
            {field}
          </th>
          <td>{from === undefined ? 'not there' : JSON.stringify(from)}</td>
          <td data-cell>{valueOfField(policy, field) ?? REMOVED_FIELD}</td>
          <td>{units === undefined ? '–' : unitText({ units })}</td>
          <td>{typesOf(from, to)}</td>
        </tr>
      ))}
    </Table>
  )
}

/** `number`, or `number → text` where it changes, for that breaks readers. */
function typesOf(from: Json | undefined, to: Json | undefined): string {
  const [before, after] = [from, to].map((value) => (value === undefined ? undefined : typeOf(value)))
  if (before === undefined || after === undefined || before === after) return after ?? before ?? ''
  return `${before} → ${after}`
}

function typeOf(value: Json): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'list'
  return { number: 'number', string: 'text', boolean: 'yes or no' }[typeof value as 'number'] ?? 'map'
}
