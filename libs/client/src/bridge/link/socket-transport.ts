import { addressOf, MAX_FRAME_CHARACTERS, type LinkFailure, type Transport } from './transport.js'

/** Used part of a browser's `WebSocket`. */
export interface PageSocket {
  addEventListener<T extends keyof SocketEvents>(type: T, listener: (event: SocketEvents[T]) => void): void
  close(): void
}

export interface SocketEvents {
  open: object
  message: { data: unknown }
  close: { code: number; reason: string }
}

/** Transport over `/v1/stream`. A browser's WebSocket sends no key, and does not report why a server refused it. */
export function socketTransport(open: (url: string) => PageSocket): Transport {
  return {
    open(request, events) {
      const address = addressOf('/v1/stream', request)
      address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
      const socket = open(address.href)
      let over = false
      const close = (): void => {
        over = true
        socket.close()
      }
      const end = (failure: LinkFailure): void => {
        if (over) return
        close()
        events.closed(failure)
      }
      socket.addEventListener('open', () => over || events.opened())
      socket.addEventListener('message', ({ data }) => {
        if (over) return
        if (typeof data === 'string' && data.length <= MAX_FRAME_CHARACTERS) events.text(data)
        else end({ reason: 'a frame is not text, or larger than 64 MiB', damaged: true })
      })
      socket.addEventListener('close', ({ code, reason }) =>
        end({ reason: reason === '' ? `the connection was closed (${code})` : reason }),
      )
      return { close }
    },
  }
}
