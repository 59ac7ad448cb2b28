import { MAX_UNSUBSCRIBE_TOKEN } from '#libs/contracts'
import type { SecretBox } from './secret-box.js'

export type Addressee = { partner: string; address: string }

/** Owner under which tokens are sealed, so that no other secret opens as a token, and no token as another secret. */
const OF = 'unsubscribe'

/** Seals partner and address in a token that only this installation can open or make. It needs no row as long-lived as the mail. */
export function sealAddressee(box: SecretBox, { partner, address }: Addressee): Promise<string> {
  return box.seal(JSON.stringify([partner, address]), OF)
}

/** Opens a token; `undefined` for a text that no key of this installation sealed as a token. */
export async function openAddressee(box: SecretBox, token: string): Promise<Addressee | undefined> {
  if (token.length > MAX_UNSUBSCRIBE_TOKEN) return undefined
  try {
    const [partner, address] = JSON.parse(await box.open(token, OF)) as [string, string]
    return { partner, address }
  } catch {
    return undefined
  }
}
