import { KeyError } from './key-error.js'
import type { AgentKey } from './ssh-agent.js'

/**
 * Which key of an agent is meant: the one whose fingerprint or comment is `which`; without it the one whose comment is the name, else the
 * only one. `HMS_KEY_AGENT_LACKS` when there is none, `HMS_KEY_AGENT_CHOICE` when there are several: a guess could be somebody's login key.
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
