import { deepFreeze, HmsError } from '#libs/contracts'
import type { Clock } from '../../clock.js'
import type { ConnectionState, Explanation } from '../../connection/hms-connection.js'
import { optionNames, requireKnownOptions } from '../../known-options.js'
import { LocalPane } from '../local-pane.js'
import type { Pane, PaneOptions } from '../pane.js'
import { namedOrigin, readPaneOptions } from '../pane-bounds.js'
import {
  type FrameWindow,
  type FromFrame,
  type FromHost,
  fromHost,
  type MessageFromWindow,
  type OwnWindow,
  type Values,
  written,
} from './messages.js'

export interface JoinOptions extends PaneOptions {
  /** Origin of the page that embeds the frame, such as `https://portal.example.gov`. Messages of other origins are ignored. */
  host: string
  /** Timeout in ms for the host page, which may still be starting. Default 10 s. */
  timeoutMs?: number
}

export interface FramePorts {
  page: OwnWindow & { parent: FrameWindow }
  clock: Clock
}

const OPTIONS = optionNames<JoinOptions>()('name', 'policies', 'host', 'timeoutMs')

const WELCOME_MS = 10_000
/** Interval in ms at which the join request is repeated, because a host that opens its bridge after the frame misses the first one. */
const JOIN_RETRY_MS = 500

/** Joins the bridge of the page that embeds this frame. Rejects with `HMS_BRIDGE_NO_HOST`, or with the host's refusal. */
export async function joinFrom({ page, clock }: FramePorts, options: JoinOptions): Promise<Pane> {
  requireKnownOptions('joinBridge', options, OPTIONS)
  const { host, timeoutMs = WELCOME_MS, ...paneOptions } = options
  const origin = namedOrigin(host)
  const { name, policies } = readPaneOptions(paneOptions)
  return new Promise((resolve, reject) => {
    const channel = new HostChannel(page, origin, clock)
    const send = (message: FromFrame): void => page.parent.postMessage(written(message), origin)
    const pane = new LocalPane(name, policies, {
      state: () => channel.state,
      explain: (id) => channel.explain(id),
      emit: (event, message) => send({ type: 'emit', event, message }),
      close() {
        send({ type: 'leave' })
        channel.close()
      },
    })
    let [retry, isSettled] = [{ cancel() {} }, false]
    const requestJoin = (): void => {
      retry = clock.after(JOIN_RETRY_MS, requestJoin)
      send({ type: 'join', name, policies: [...policies] })
    }
    const end = (): void => {
      isSettled = true
      retry.cancel()
      timeout.cancel()
    }
    const timeout = clock.after(timeoutMs, () => {
      end()
      channel.close()
      reject(new HmsError('HMS_BRIDGE_NO_HOST', `No bridge responded at ${origin}: does the page let this frame join?`, { status: 503 }))
    })
    channel.listen((message) => {
      if (message.type === 'welcome') {
        end()
        resolve(pane)
      } else if (message.type === 'refused' && !isSettled) {
        end()
        channel.close()
        reject(new HmsError(message.code, message.detail, { status: 403 }))
      }
      deliverTo(pane, message)
    })
    requestJoin()
  })
}

/** Frame end of the channel. Keeps the newest values of the host and ignores messages with older ones. */
class HostChannel {
  state: ConnectionState = 'STALE'
  private revision = 0
  private values: Values = {}
  private updatedAt = 0
  private onMessage: (event: MessageFromWindow) => void = () => {}

  constructor(
    private readonly page: FramePorts['page'],
    private readonly origin: string,
    private readonly clock: Clock,
  ) {}

  listen(listener: (message: FromHost) => void): void {
    this.onMessage = ({ data, origin, source }) => {
      const message = origin === this.origin && source === this.page.parent ? fromHost(data) : undefined
      if (message !== undefined && this.update(message)) listener(message)
    }
    this.page.addEventListener('message', this.onMessage)
  }

  explain(id: string): Explanation {
    const explanation = this.values[id] ?? undefined
    if (explanation === undefined) throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404 })
    return { ...explanation, state: this.state, ageMs: explanation.ageMs + this.clock.elapsed() - this.updatedAt }
  }

  close(): void {
    this.state = 'CLOSED'
    this.page.removeEventListener('message', this.onMessage)
  }

  /** Returns `false` for a message older than the current values. */
  private update(message: FromHost): boolean {
    switch (message.type) {
      case 'welcome':
        if (message.revision < this.revision) return false
        this.revision = message.revision
        this.values = deepFreeze(message.values)
        this.state = message.state
        break
      case 'changed': {
        const { id, revision } = message.change
        if (revision < this.revision) return false
        this.revision = revision
        this.values = { ...this.values, [id]: deepFreeze(message.explanation) }
        break
      }
      case 'state':
        this.state = message.state
        break
      case 'refused':
        if (message.code === 'HMS_BRIDGE_CLOSED' || message.code === 'HMS_BRIDGE_FLOOD') this.state = 'STALE'
        return true
      default:
        return true
    }
    this.updatedAt = this.clock.elapsed()
    return true
  }
}

function deliverTo(pane: LocalPane, message: FromHost): void {
  switch (message.type) {
    case 'changed':
      return pane.deliver('policy:changed', { ...message.change, value: message.explanation?.value ?? null })
    case 'told':
      return pane.deliver(message.event, message.message)
    case 'state':
      return pane.deliver(message.event, message.detail)
    case 'refused':
      return pane.deliver('bridge:stale', { reason: message.detail, code: message.code })
    default:
  }
}
