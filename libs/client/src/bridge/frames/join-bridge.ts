import { deepFreeze, HmsError } from '#libs/contracts'
import type { Clock } from '../../clock.js'
import type { ConnectionState, Explanation } from '../../connection/hms-connection.js'
import { requireKnownOptions, type OptionNames } from '../../known-options.js'
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

const OPTIONS: OptionNames<JoinOptions> = { name: true, policies: true, host: true, timeoutMs: true }

const WELCOME_MS = 10_000
/** Interval in ms at which the join request is repeated, because a host that opens its bridge after the frame misses the first one. */
const KNOCK_MS = 500

/** Joins the bridge of the page that embeds this frame. Rejects with `HMS_BRIDGE_NO_HOST`, or with the host's refusal. */
export async function joinFrom({ page, clock }: FramePorts, options: JoinOptions): Promise<Pane> {
  requireKnownOptions('joinBridge', options, OPTIONS)
  const { host, timeoutMs = WELCOME_MS, ...asked } = options
  const origin = namedOrigin(host)
  const { name, policies } = readPaneOptions(asked)
  return new Promise((resolve, reject) => {
    const line = new HostLine(page, origin, clock)
    const send = (message: FromFrame): void => page.parent.postMessage(written(message), origin)
    const pane = new LocalPane(name, policies, {
      state: () => line.state,
      explain: (id) => line.explain(id),
      emit: (event, message) => send({ type: 'emit', event, message }),
      close() {
        send({ type: 'leave' })
        line.close()
      },
    })
    let [next, isOver] = [{ cancel() {} }, false]
    const knock = (): void => {
      next = clock.after(KNOCK_MS, knock)
      send({ type: 'join', name, policies: [...policies] })
    }
    const end = (): void => {
      isOver = true
      next.cancel()
      late.cancel()
    }
    const late = clock.after(timeoutMs, () => {
      end()
      line.close()
      reject(new HmsError('HMS_BRIDGE_NO_HOST', `No bridge responded at ${origin}: does the page let this frame join?`, { status: 503 }))
    })
    line.listen((message) => {
      if (message.type === 'welcome') {
        end()
        resolve(pane)
      } else if (message.type === 'refused' && !isOver) {
        end()
        line.close()
        reject(new HmsError(message.code, message.detail, { status: 403 }))
      }
      tell(pane, message)
    })
    knock()
  })
}

/** Frame end of the channel. Keeps the newest values of the host and ignores messages with older ones. */
class HostLine {
  state: ConnectionState = 'STALE'
  private revision = 0
  private values: Values = {}
  private saidAt = 0
  private hear: (event: MessageFromWindow) => void = () => {}

  constructor(
    private readonly page: FramePorts['page'],
    private readonly origin: string,
    private readonly clock: Clock,
  ) {}

  listen(then: (message: FromHost) => void): void {
    this.hear = ({ data, origin, source }) => {
      const message = origin === this.origin && source === this.page.parent ? fromHost(data) : undefined
      if (message !== undefined && this.take(message)) then(message)
    }
    this.page.addEventListener('message', this.hear)
  }

  explain(id: string): Explanation {
    const said = this.values[id] ?? undefined
    if (said === undefined) throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404 })
    return { ...said, state: this.state, ageMs: said.ageMs + this.clock.elapsed() - this.saidAt }
  }

  close(): void {
    this.state = 'CLOSED'
    this.page.removeEventListener('message', this.hear)
  }

  /** Returns `false` for a message older than the current values. */
  private take(message: FromHost): boolean {
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
    this.saidAt = this.clock.elapsed()
    return true
  }
}

function tell(pane: LocalPane, message: FromHost): void {
  switch (message.type) {
    case 'changed':
      return pane.changed({ ...message.change, value: message.explanation?.value ?? null })
    case 'told':
      return pane.deliver(message.event, message.message)
    case 'state':
      return pane.say(message.event, message.detail as never)
    case 'refused':
      return pane.say('bridge:stale', { reason: message.detail, code: message.code })
    default:
  }
}
