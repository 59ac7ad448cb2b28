import { KeyError } from './key-error.js'
import type { AgentKey } from './ssh-agent.js'

/**
 * Returns the intended key of an agent: the one whose fingerprint or comment is `which`; without `which`, the one whose comment is the
 * name, else the only one. Throws `HMS_KEY_AGENT_LACKS` if there is none, `HMS_KEY_AGENT_CHOICE` if there are several: a guess could pick a
 * login key.
 */
export function chooseAgentKey(keys: readonly AgentKey[], name: string, which?: string): AgentKey {
  if (which !== undefined)
    return only(
      keys.filter(({ keyid, comment }) => keyid === which || comment === which),
      `the key ${which}`,
      name,
    )
  const named = keys.filter(({ comment }) => comment === name)
  return only(named.length > 0 ? named : keys, 'one Ed25519 key', name)
}

function only(keys: readonly AgentKey[], what: string, name: string): AgentKey {
  const [key] = keys
  if (key === undefined) {
    const make = { command: `ssh-keygen -t ed25519 -C "${name}" -f FILE && ssh-add -c FILE` }
    throw new KeyError('HMS_KEY_AGENT_LACKS', `the ssh-agent does not hold ${what}, or is locked`, [make, { command: 'ssh-add -X' }])
  }
  if (keys.length === 1) return key
  const choices = keys.map(({ keyid, comment }) => `${keyid} (${comment})`).join(', ')
  throw new KeyError('HMS_KEY_AGENT_CHOICE', `the ssh-agent holds several keys that could be meant: ${choices}`, [
    { command: `hms-svc keys create --name "${name}" --agent ${key.keyid}` },
  ])
}
