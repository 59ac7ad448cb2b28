import { digestInGroups, statementFields, type Json } from '#libs/contracts'
import { changeCells, type ConsentLine, type ConsentRelease, type FieldChange, type VerifiedLive } from '#libs/policy'
import type { JSX } from 'preact'
import { Alert } from '../layout/absent.js'
import { Table } from '../layout/parts.js'

export interface StatementProps {
  /** Base64 of the bytes that are signed. */
  payload: string
  digest: string
  /** Changes of a release to the version in force. */
  release?: ConsentRelease
  /** Version in force that `release` was compared with. */
  live?: VerifiedLive
}

/** Shows what is signed: digest, changes, every field. Before the script signs, it compares the elements marked `data-` with the bytes. */
export function Statement({ payload, digest, release, live }: StatementProps): JSX.Element {
  const lines = statementFields(Buffer.from(payload, 'base64').toString())
  return (
    <div data-statement={payload} {...(live === undefined ? {} : liveData(live))}>
      {release === undefined ? null : <h3 data-consent>{release.heading}</h3>}
      <p>
        Digest, as other signers see it:{' '}
        <span class="digest" data-digest>
          {digestInGroups(digest)}
        </span>
      </p>
      {release === undefined ? null : <Differences release={release} />}
      <details open={release === undefined}>
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

/** The release in force as it was signed, empty for none; or why nothing was compared. */
function liveData(live: VerifiedLive): Record<string, string> {
  return live.kind === 'unverified' ? { 'data-why': live.why } : { 'data-live': live.release?.payload ?? '' }
}

function Differences({ release: { changes = [], verdict, remarks, live, version } }: { release: ConsentRelease }): JSX.Element {
  const now = live === null ? 'Now (nothing is in force)' : `Now (${live})`
  return (
    <>
      <ConsentLines lines={verdict} />
      {changes.length === 0 ? null : (
        <Table caption="What changes" head={['Field', now, `Then (${version})`, 'Type']}>
          {changes.map((change) => {
            const [field, before, after] = changeCells(change)
            return (
              <tr key={field}>
                <th scope="row" data-consent>
                  {field}
                </th>
                <td data-consent>{before}</td>
                <td data-consent>{after}</td>
                <td>{typesOf(change)}</td>
              </tr>
            )
          })}
        </Table>
      )}
      <ConsentLines lines={remarks} />
    </>
  )
}

/** Shows each line as a paragraph, or as an alert if a signer must not miss it. */
export function ConsentLines({ lines }: { lines: readonly ConsentLine[] }): JSX.Element {
  return (
    <>
      {lines.map(({ tone, text }) =>
        tone === 'plain' ? (
          <p key={text} data-consent>
            {text}
          </p>
        ) : (
          <Alert key={text} kind="error" title="Look twice">
            <p data-consent>{text}</p>
          </Alert>
        ),
      )}
    </>
  )
}

/** Returns the type of a field: `number`, or `number → text` if the type changes, which breaks readers. */
function typesOf({ from, to }: FieldChange): string {
  const [before, after] = [from, to].map((value) => (value === undefined ? undefined : typeOf(value)))
  if (before === undefined || after === undefined || before === after) return after ?? before ?? ''
  return `${before} → ${after}`
}

function typeOf(value: Json): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'list'
  return { number: 'number', string: 'text', boolean: 'yes or no' }[typeof value as 'number'] ?? 'map'
}
