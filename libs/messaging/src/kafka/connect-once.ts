/** Shares one connection among all callers. A failed attempt is discarded, and the next caller retries. */
export class ConnectOnce<T> {
  private connection: Promise<T> | undefined

  constructor(private readonly connect: () => Promise<T>) {}

  get(): Promise<T> {
    this.connection ??= this.connect().catch((error: unknown) => {
      this.connection = undefined
      throw error
    })
    return this.connection
  }

  /** The connection, established or pending; `undefined` if none was requested. */
  get current(): Promise<T> | undefined {
    return this.connection
  }
}
