/*
 * The words of a fault-injecting proxy, after Toxiproxy.
 *
 * - *client*: the caller of the proxy. *server*: the target of the proxy. *upstream*: the proxy's connection to the server.
 * - *direction*: `up` is client → server, `down` is server → client. A connection is two flows, one each way.
 * - *toxic*: one fault; it takes hold of every open and every new connection from `apply` until it is *lifted*.
 * - *ending*: the other side closed (FIN) or broke off (RST). It travels in its flow behind the bytes, and toxics may hold it back.
 */

export type Direction = 'up' | 'down'

/** A number in [0, 1) from the test's seeded generator: the proxy itself decides nothing by chance. */
export type Random = () => number

export interface Toxic {
  /** Says in a history which fault it was. */
  readonly name: string
  /** The flows it takes hold of. */
  readonly directions: readonly Direction[]
  /** While applied, new connections are reset at once. */
  readonly refuses?: true
  /** Called once for each flow: what is remembered about one connection lives in the treatment. */
  infect(flow: InfectedFlow): Treatment
}

/** What a toxic does to one flow; without a method it lets pass. */
export interface Treatment {
  /**
   * What becomes of a chunk that reached the proxy at `arrivedAt` (`performance.now()`). Each piece is written by itself; the code after
   * a `yield` runs when the receiver's kernel has it.
   */
  bytes?(chunk: Buffer, arrivedAt: number): AsyncGenerator<Buffer, void, undefined>
  /** The ending passes when this resolves. */
  ending?(): Promise<void>
  lifted?(): void
}

/** What a toxic may do to the flow that it took hold of. */
export interface InfectedFlow {
  /** Resolves after `ms`, true; or at once and false when the toxic is lifted or the connection is over. */
  wait(ms: number): Promise<boolean>
  /** RST to both sides, whatever is under way. */
  reset(): void
  /**
   * RST to the client only. The server keeps what it was sent, sees an ordinary end behind it, and may finish: a server that is reset may
   * lose what it has not read yet.
   */
  abandonClient(): void
}
