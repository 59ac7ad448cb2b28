/** Guards of the channels to partners. Same form as `GUARDS`. */
export const CHANNEL_GUARDS = [
  {
    name: 'agent-origin',
    guard: 'the secret of an agent is sent to the registered origin alone, whatever the card names',
    without: ['new URL(address).origin !== new URL(base).origin', 'false'],
    spec: 'apps/notifier/src/channels/a2a/send-agent2agent.spec.ts',
    test: 'calls no agent by a card of another origin',
  },
  {
    name: 'agent-not-blocked',
    guard: 'an agent answers before its task ends, so that its work is not repeated at each deadline',
    without: ['blocking: false', 'blocking: true'],
    spec: 'apps/notifier/src/channels/a2a/send-agent2agent.spec.ts',
    test: 'reads the card, and sends the message as a data part under the id of the message, with the token for that call alone',
  },
  {
    name: 'sftp-host-key',
    guard: 'an SFTP server must present the host key that the partner registered',
    without: 'true',
    spec: 'apps/notifier/src/channels/sftp/sftp-sender.spec.ts',
    test: 'refuses a server with another host key, of the registered type or another type, and writes nothing',
  },
  {
    name: 'sftp-address',
    guard: 'the address of an SFTP server is checked before a connection is opened',
    without: ['return refused(address.detail)', 'Object.assign(address, { host: channel.host, onlyNetworks: false })'],
    spec: 'apps/notifier/src/channels/sftp/sftp-sender.spec.ts',
    test: 'refuses a forbidden address, literal or resolved, before it connects',
  },
]
