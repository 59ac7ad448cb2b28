/** One connection for all who ask; a try that failed is forgotten, and the next who asks tries again. */
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

  /** What there is, or is being made; `undefined` when nobody has asked. */
  get current(): Promise<T> | undefined {
    return this.connection
  }
}
