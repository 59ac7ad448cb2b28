/**
 * Where a partner is reached. `secret` and `key` are values: `env:` and `file:` are resolved by the CLI and never reach a server.
 */
export type Channel = WebhookChannel | EmailChannel | SftpChannel | A2aChannel

/** Standard Webhooks. `secret`: `whsec_…`. `previous`: the one before, which signs beside it for a while. */
export type WebhookChannel = { kind: 'webhook'; url: string; secret: string; previous?: { secret: string; until: string } }
/** `to`: one address. */
export type EmailChannel = { kind: 'email'; to: string }
/** `hostKey`: an OpenSSH public key line. `key`: the private key that we sign in with. */
export type SftpChannel = { kind: 'sftp'; host: string; port: number; user: string; hostKey: string; dir: string; key: string }
/** The package of the integration layer, signed with HMAC. */
export type A2aChannel = { kind: 'a2a'; url: string; secret: string }

export type ChannelKind = Channel['kind']
export type ChannelOf<K extends ChannelKind> = Extract<Channel, { kind: K }>

/** What channels are called in deliveries and lists: their kind, numbered from the second of a kind on. */
export function channelNames(channels: readonly { kind: ChannelKind }[]): string[] {
  const seen = new Map<ChannelKind, number>()
  return channels.map(({ kind }) => {
    const count = (seen.get(kind) ?? 0) + 1
    seen.set(kind, count)
    return count === 1 ? kind : `${kind}-${count}`
  })
}

/** Secrets that sign at a time, the newest first. */
export function liveSecrets({ secret, previous }: WebhookChannel, at: Date): string[] {
  return previous !== undefined && Date.parse(previous.until) > at.getTime() ? [secret, previous.secret] : [secret]
}
