import { MAX_UNSUBSCRIBE_TOKEN } from '#libs/contracts'
import type { SecretBox } from './secret-box.js'

/** An address of a partner that takes mail. */
export type Addressee = { partner: string; address: string }

/** Of what is sealed: nothing else opens as a token, and a token opens as nothing else. */
const OF = 'unsubscribe'

/** Names partner and address, readable for this installation alone: no row has to outlive the mail, and nobody can name another address. */
export function sealAddressee(box: SecretBox, { partner, address }: Addressee): Promise<string> {
  return box.seal(JSON.stringify([partner, address]), OF)
}

/** `undefined` for what no key of this installation sealed as a token. */
export async function openAddressee(box: SecretBox, token: string): Promise<Addressee | undefined> {
  if (token.length > MAX_UNSUBSCRIBE_TOKEN) return undefined
  try {
    const [partner, address] = JSON.parse(await box.open(token, OF)) as [string, string]
    return { partner, address }
  } catch {
    return undefined
  }
}
