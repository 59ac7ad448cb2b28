/** What of a `Window` is used, so that tests bring their own. */
export interface OwnWindow {
  addEventListener(type: 'message', listener: (event: MessageFromWindow) => void): void
  removeEventListener(type: 'message', listener: (event: MessageFromWindow) => void): void
}

/** The window of another document: it can be written to, and nothing else. */
export interface FrameWindow {
  postMessage(message: unknown, targetOrigin: string): void
}

export interface MessageFromWindow {
  data: unknown
  origin: string
  source: unknown
}

export interface FrameOptions {
  /** The one origin that the frame is loaded from: `https://panes.example.gov`. */
  origin: string
  /** The ids that it may declare. Default: any. */
  policies?: readonly string[]
}
