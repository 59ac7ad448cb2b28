import { createHash } from 'node:crypto'
import type { ReleaseDocument } from '#libs/contracts'
import { readRelease } from '#libs/signing'
import { contentsOf, type Attempt } from '../channel-sender.js'
import type { DroppedFile } from './drop-files.js'

type Message = Pick<Attempt, 'id' | 'body' | 'content'>

/** Longest name of a part file with these: 255 bytes is what file systems allow. */
const MAX_PIECE = 90

/** What a message is called in the folder: says which policy and version, and differs for each message. */
export function documentName({ id, content: { policy, version } }: { id: string; content: { policy: string; version: string } }): string {
  const mark = createHash('sha256').update(id).digest('hex').slice(0, 12)
  return `${piece(policy)}_${piece(version)}_${mark}.json`
}

/**
 * What a partner finds for one message, in the order in which it appears: the sum as `sha256sum -c` reads it, our signature over the
 * document, the release that people signed, and the document. Every try makes the same bytes.
 *
 * @param sign makes the detached signature of a document
 */
export async function messageFiles(message: Message, sign: (bytes: Buffer) => Promise<string>): Promise<DroppedFile[]> {
  const name = documentName(message)
  const document = documentOf(message)
  const sum = createHash('sha256').update(document).digest('hex')
  const releases = releasesOf(message).map(({ envelope, proof = null }) => ({ envelope, proof }))
  const whole = releases.length > 1 ? { releases } : releases[0]
  return [
    { name: `${name}.sha256`, bytes: Buffer.from(`${sum}  ${name}\n`) },
    { name: `${name}.sig`, bytes: Buffer.from(await sign(document)) },
    ...(whole === undefined ? [] : [{ name: `${name}.release`, bytes: json(whole) }]),
    { name, bytes: document },
  ]
}

/** The message as a webhook brings it, with its id and the policy as it was signed; of a bundle each of them, in `policies`. */
function documentOf(message: Message): Buffer {
  const signed = releasesOf(message).map(({ envelope }) => readRelease(envelope).predicate.policy)
  const policies = signed.length > 1 ? { policies: signed } : signed.length === 1 ? { policy: signed[0] } : {}
  return json({ id: message.id, ...(JSON.parse(message.body.toString()) as object), ...policies })
}

/** A withdrawal has none. */
function releasesOf({ content }: Message): ReleaseDocument[] {
  return contentsOf(content).flatMap(({ release }) => release ?? [])
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}

/** Nothing of a policy leads out of the folder, hides the file or splits a line. */
function piece(text: string): string {
  return text
    .replace(/[^A-Za-z0-9.+-]/g, '-')
    .replace(/^\./, '-')
    .slice(0, MAX_PIECE)
}
