/** Used part of a `Window`, which tests replace. */
export interface OwnWindow {
  addEventListener(type: 'message', listener: (event: MessageFromWindow) => void): void
  removeEventListener(type: 'message', listener: (event: MessageFromWindow) => void): void
}

/** Window of another document, which only accepts messages. */
export interface FrameWindow {
  postMessage(message: unknown, targetOrigin: string): void
}

export interface MessageFromWindow {
  data: unknown
  origin: string
  source: unknown
}

export interface FrameOptions {
  /** Origin that the frame is loaded from: `https://panes.example.gov`. */
  origin: string
  /** Ids that it may declare. Default: any. */
  policies?: readonly string[]
}
