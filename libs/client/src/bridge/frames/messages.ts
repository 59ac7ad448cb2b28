import { isObject } from '#libs/contracts'
import { CONNECTION_STATES, type ConnectionState, type Explanation } from '../../connection/hms-connection.js'
import type { BridgeEvents, PaneMessage, PolicyChanged } from '../pane.js'

/** Part of `Window` that is used here, which tests replace. */
export interface OwnWindow {
  addEventListener(type: 'message', listener: (event: MessageFromWindow) => void): void
  removeEventListener(type: 'message', listener: (event: MessageFromWindow) => void): void
}

/** Window of another document, to which messages can be posted. */
export interface FrameWindow {
  postMessage(message: unknown, targetOrigin: string): void
}

export interface MessageFromWindow {
  data: unknown
  origin: string
  source: unknown
}

export interface FrameOptions {
  /** Origin from which the frame is loaded, such as `https://panes.example.gov`. */
  origin: string
  /** Policy ids that the frame may declare. Default: any. */
  policies?: readonly string[]
}

/** Protocol version of messages between windows, because a page and its frames may be of different builds. */
const PROTOCOL = 1

/** Value in force for each declared id, or `null`. */
export type Values = Record<string, Explanation | null>

export type FromFrame =
  | { type: 'join'; name: string; policies: string[] }
  | { type: 'emit'; event: string; message: PaneMessage }
  | { type: 'leave' }

export type FromHost =
  | { type: 'welcome'; state: ConnectionState; revision: number; values: Values }
  | { type: 'changed'; change: Omit<PolicyChanged, 'value'>; explanation: Explanation | null }
  | { type: 'told'; event: string; message: PaneMessage }
  | { type: 'state'; state: ConnectionState; event: 'bridge:stale' | 'bridge:ready'; detail: BridgeEvents['bridge:stale' | 'bridge:ready'] }
  | { type: 'refused'; code: string; detail: string }

export function written(message: FromFrame | FromHost): object {
  return { hmsBridge: PROTOCOL, ...message }
}

/** Parses a message from a frame; `undefined` for any other protocol. Members are validated where they are used. */
export function fromFrame(data: unknown): FromFrame | undefined {
  if (!isOurs(data)) return undefined
  const { type, name, policies, event, message } = data
  if (type === 'join' && typeof name === 'string' && Array.isArray(policies)) return { type, name, policies: policies as string[] }
  if (type === 'emit' && typeof event === 'string' && isObject(message)) return { type, event, message: message as PaneMessage }
  return type === 'leave' ? { type } : undefined
}

export function fromHost(data: unknown): FromHost | undefined {
  if (!isOurs(data)) return undefined
  const { type, state, revision, values, change, explanation, event, message, detail, code } = data
  switch (type) {
    case 'welcome':
      if (!isState(state) || !isCount(revision) || !isObject(values) || !Object.values(values).every(isExplained)) return undefined
      return { type, state, revision, values: values as Values }
    case 'changed':
      if (!isObject(change) || typeof change['id'] !== 'string' || !isCount(change['revision']) || !isExplained(explanation))
        return undefined
      return { type, change: change as unknown as PolicyChanged, explanation }
    case 'told':
      return typeof event === 'string' && isObject(message) ? { type, event, message: message as PaneMessage } : undefined
    case 'state':
      if (!isState(state) || (event !== 'bridge:stale' && event !== 'bridge:ready') || !isObject(detail)) return undefined
      return { type, state, event, detail: detail as BridgeEvents['bridge:stale'] }
    case 'refused':
      return typeof code === 'string' && typeof detail === 'string' ? { type, code, detail } : undefined
    default:
      return undefined
  }
}

type Members = Record<string, unknown>

function isOurs(data: unknown): data is Members {
  return isObject(data) && data['hmsBridge'] === PROTOCOL
}

function isState(value: unknown): value is ConnectionState {
  return (CONNECTION_STATES as readonly unknown[]).includes(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isExplained(value: unknown): value is Explanation | null {
  return value === null || (isObject(value) && isObject(value['value']) && typeof value['version'] === 'string')
}
