import { createHash } from 'node:crypto'
import type { ReleaseDocument } from '#libs/contracts'
import { readRelease } from '#libs/signing'
import { contentsOf, type Attempt } from '../channel-sender.js'
import type { DroppedFile } from './drop-files.js'

type Message = Pick<Attempt, 'id' | 'body' | 'content'>

/** Longest piece of a name that keeps part file names below the 255 bytes that file systems allow. */
const MAX_PIECE = 90

/** Returns the file name of a message: it contains policy and version, and is unique for each message. */
export function documentName({ id, content: { policy, version } }: { id: string; content: { policy: string; version: string } }): string {
  const mark = createHash('sha256').update(id).digest('hex').slice(0, 12)
  return `${piece(policy)}_${piece(version)}_${mark}.json`
}

/**
 * Builds the files of a message, in the order in which they appear: checksum for `sha256sum -c`, detached signature of the document
 * (`sign`), signed release, document. Every attempt makes the same bytes.
 */
export async function messageFiles(message: Message, sign: (bytes: Buffer) => Promise<string>): Promise<DroppedFile[]> {
  const name = documentName(message)
  const document = documentOf(message)
  const sum = createHash('sha256').update(document).digest('hex')
  const releases = releasesOf(message).map(({ envelope, proof = null }) => ({ envelope, proof }))
  const signedReleases = releases.length > 1 ? { releases } : releases[0]
  return [
    { name: `${name}.sha256`, bytes: Buffer.from(`${sum}  ${name}\n`) },
    { name: `${name}.sig`, bytes: Buffer.from(await sign(document)) },
    ...(signedReleases === undefined ? [] : [{ name: `${name}.release`, bytes: json(signedReleases) }]),
    { name, bytes: document },
  ]
}

/** Serializes the webhook body plus the message id and the signed policy in `policy`, or all signed policies of a bundle in `policies`. */
function documentOf(message: Message): Buffer {
  const signed = releasesOf(message).map(({ envelope }) => readRelease(envelope).predicate.policy)
  const policies = signed.length > 1 ? { policies: signed } : signed.length === 1 ? { policy: signed[0] } : {}
  return json({ id: message.id, ...(JSON.parse(message.body.toString()) as object), ...policies })
}

/** Returns the releases of a message; empty for a withdrawal. */
function releasesOf({ content }: Message): ReleaseDocument[] {
  return contentsOf(content).flatMap(({ release }) => release ?? [])
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}

/** Replaces characters of a policy text so that it cannot leave the folder, hide the file or split a line. */
function piece(text: string): string {
  return text
    .replace(/[^A-Za-z0-9.+-]/g, '-')
    .replace(/^\./, '-')
    .slice(0, MAX_PIECE)
}
