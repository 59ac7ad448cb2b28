import { createHash } from 'node:crypto'
import { readRelease } from '#libs/signing'
import type { Attempt } from '../channel-sender.js'
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
  const { release } = message.content
  return [
    { name: `${name}.sha256`, bytes: Buffer.from(`${sum}  ${name}\n`) },
    { name: `${name}.sig`, bytes: Buffer.from(await sign(document)) },
    ...(release === null ? [] : [{ name: `${name}.release`, bytes: json({ envelope: release.envelope, proof: release.proof ?? null }) }]),
    { name, bytes: document },
  ]
}

/** The message as a webhook brings it, with its id and, where it has one, the policy as it was signed. */
function documentOf({ id, body, content: { release } }: Message): Buffer {
  const policy = release === null ? {} : { policy: readRelease(release.envelope).predicate.policy }
  return json({ id, ...(JSON.parse(body.toString()) as object), ...policy })
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
