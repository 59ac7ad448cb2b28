/** Channel of a partner. `secret` and `key` are values: the CLI resolves `env:` and `file:`, which never reach a server. */
export type Channel = WebhookChannel | EmailChannel | SftpChannel | A2aChannel | Agent2AgentChannel

/** Standard Webhooks. `secret`: `whsec_…`. `previous`: the previous secret, which also signs until `until`. */
export type WebhookChannel = { kind: 'webhook'; url: string; secret: string; previous?: { secret: string; until: string } }
/** `to`: one address. */
export type EmailChannel = { kind: 'email'; to: string }
/** `hostKey`: an OpenSSH public key line. `key`: our private key for the login. */
export type SftpChannel = { kind: 'sftp'; host: string; port: number; user: string; hostKey: string; dir: string; key: string }
/** The package of the integration layer, signed with HMAC. */
export type A2aChannel = { kind: 'a2a'; url: string; secret: string }

/** Agent that speaks the Agent2Agent protocol. `url`: its base address. `secret`: the bearer token that it expects. */
export type Agent2AgentChannel = { kind: 'agent2agent'; url: string; secret: string }

export type ChannelKind = Channel['kind']
export type ChannelOf<K extends ChannelKind> = Extract<Channel, { kind: K }>

/** Returns the names of channels in deliveries and lists: their kind, numbered from the second of a kind on. */
export function channelNames(channels: readonly { kind: ChannelKind }[]): string[] {
  const seen = new Map<ChannelKind, number>()
  return channels.map(({ kind }) => {
    const count = (seen.get(kind) ?? 0) + 1
    seen.set(kind, count)
    return count === 1 ? kind : `${kind}-${count}`
  })
}

/** Returns the secrets that sign at a time, newest first. */
export function liveSecrets({ secret, previous }: WebhookChannel, at: Date): string[] {
  return previous !== undefined && Date.parse(previous.until) > at.getTime() ? [secret, previous.secret] : [secret]
}
