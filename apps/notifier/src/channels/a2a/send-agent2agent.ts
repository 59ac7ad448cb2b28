import { isObject, jsonIn, storable, type JsonObject } from '#libs/contracts'
import type { Agent2AgentChannel } from '../../partners/channel.js'
import { webhookKeyId } from '../../partners/webhook-secret.js'
import type { Attempt, ChannelSender, Outcome } from '../channel-sender.js'
import { DEADLINE_MS, HttpPost, type HttpAnswer, type HttpPostOptions } from '../webhook/http-post.js'

/** Address of the agent card below the base address of the agent (A2A 0.3, section 5.3). */
const CARD_PATH = '/.well-known/agent-card.json'
const MAX_ANSWER_BYTES = 1024 * 1024

/** JSON-RPC and A2A error codes that another attempt does not change (A2A 0.3, section 8). */
const LASTING_ERRORS: readonly unknown[] = [-32700, -32600, -32601, -32602, -32004, -32005, -32007]
/** Task states (A2A 0.3, section 6.3) in which the agent works on the message, and those in which only a person there can help. */
const WORKING: readonly unknown[] = ['submitted', 'working']
const LASTING_STATES: readonly unknown[] = ['rejected', 'input-required', 'auth-required']

/**
 * Sends messages to an agent by the Agent2Agent protocol 0.3: reads its card, then calls `message/send` by JSON-RPC 2.0, with the message
 * as a data part. It does not wait for the task: later attempts call `tasks/get` until the task ends, so that the agent does its work once.
 * Both requests are subject to the rules of webhooks, and each has half of the time.
 */
export class Agent2AgentSender implements ChannelSender<'agent2agent'> {
  private readonly http: HttpPost

  constructor(options: HttpPostOptions) {
    this.http = new HttpPost({ ...options, deadlineMs: (options.deadlineMs ?? DEADLINE_MS) / 2 })
  }

  async send({ channel, networks, id, body, task }: Attempt<Agent2AgentChannel>, signal: AbortSignal): Promise<Outcome> {
    const { url, secret } = channel
    const keyId = webhookKeyId(secret)
    const request = { networks, keyId, maxBytes: MAX_ANSWER_BYTES }
    const card = await this.http.send({ ...request, url: url.replace(/\/*$/, CARD_PATH), headers: {}, method: 'GET' }, signal)
    if (card.outcome.kind !== 'delivered') return { ...card.outcome, task, detail: `agent card: ${card.outcome.detail ?? ''}` }
    const target = endpointOf(jsonIn(card.text ?? ''), url)
    if (!target.ok) return { ...card.outcome, task, kind: 'rejected', detail: target.detail }
    const call = { jsonrpc: '2.0', id, ...(task === undefined ? messageSend(id, body) : tasksGet(task)) }
    const headers = { authorization: `Bearer ${secret}` }
    const answer = await this.http.send({ ...request, url: target.url, headers, body: Buffer.from(JSON.stringify(call)) }, signal)
    const latencyMs = card.outcome.latencyMs + answer.outcome.latencyMs
    return { ...answer.outcome, latencyMs, task, ...(answer.outcome.kind === 'delivered' ? judge(answer, id) : {}) }
  }

  close(): Promise<void> {
    return this.http.close()
  }
}

function messageSend(messageId: string, body: Buffer): object {
  const message = { kind: 'message', role: 'user', messageId, parts: [{ kind: 'data', data: JSON.parse(body.toString()) as JsonObject }] }
  // guard: agent-not-blocked
  return { method: 'message/send', params: { message, configuration: { acceptedOutputModes: ['application/json'], blocking: false } } }
}

const tasksGet = (id: string): object => ({ method: 'tasks/get', params: { id, historyLength: 0 } })

/** Returns the JSON-RPC address in an agent card. It must be of the registered origin, because the secret is sent there. */
function endpointOf(card: unknown, base: string): { ok: true; url: string } | { ok: false; detail: string } {
  if (!isObject(card)) return { ok: false, detail: 'the agent card is not a JSON object' }
  const { url, preferredTransport = 'JSONRPC', additionalInterfaces, protocolVersion } = card
  if (protocolVersion !== undefined && !/^0\.[23](\.|$)/.test(String(protocolVersion)))
    return { ok: false, detail: `the agent speaks version ${String(protocolVersion).slice(0, 20)} of the protocol; 0.3 is supported` }
  const interfaces = [{ url, transport: preferredTransport }, ...(Array.isArray(additionalInterfaces) ? additionalInterfaces : [])]
  const found = interfaces.find((each) => isObject(each) && each['transport'] === 'JSONRPC') as JsonObject | undefined
  const address = String(found?.['url'] ?? '')
  if (!URL.canParse(address)) return { ok: false, detail: 'the agent card names no address for JSONRPC' }
  // guard: agent-origin
  if (new URL(address).origin !== new URL(base).origin)
    return { ok: false, detail: `the agent card names ${new URL(address).origin}; register the address of that agent` }
  return { ok: true, url: address }
}

/** Judges a 2xx answer: a message, or a task by its state. `task`: only where the answer says whether that task still counts. */
function judge({ text = '' }: HttpAnswer, id: string): Pick<Outcome, 'kind' | 'detail' | 'task'> {
  const answer = jsonIn(text)
  if (!isObject(answer) || answer['jsonrpc'] !== '2.0' || (answer['id'] !== id && answer['error'] === undefined))
    return { kind: 'retry', detail: 'the answer is no JSON-RPC response to this request' }
  const { error, result } = answer
  if (isObject(error)) {
    const detail = storable(`JSON-RPC error ${String(error['code'])}: ${String(error['message']).slice(0, 200)}`)
    if (error['code'] === -32001) return { kind: 'retry', detail, task: undefined } // The agent does not know the task.
    return { kind: LASTING_ERRORS.includes(error['code']) ? 'rejected' : 'retry', detail }
  }
  if (isObject(result) && result['kind'] === 'message') return { kind: 'delivered' }
  if (!isObject(result) || result['kind'] !== 'task' || !isObject(result['status']) || typeof result['status']['state'] !== 'string')
    return { kind: 'retry', detail: 'the result is neither a message nor a task' }
  const { id: task, status } = result as { id: unknown; status: { state: string; message?: { parts?: unknown } } }
  const { state, message } = status
  const parts = Array.isArray(message?.parts) ? message.parts : []
  const reason = parts.map((part) => (isObject(part) && typeof part['text'] === 'string' ? `: ${part['text']}` : '')).join('')
  const detail = storable(`task ${state.slice(0, 40)}${reason.slice(0, 200)}`)
  if (state === 'completed') return { kind: 'delivered', detail }
  const kept = /^[\x21-\x7e]{1,256}$/.test(String(task)) ? String(task) : undefined
  if (WORKING.includes(state) && kept !== undefined) return { kind: 'working', detail, task: kept }
  return LASTING_STATES.includes(state) ? { kind: 'rejected', detail, task: kept } : { kind: 'retry', detail, task: undefined }
}
