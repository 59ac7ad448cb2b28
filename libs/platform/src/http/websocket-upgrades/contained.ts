/** A listener whose throw reaches `onThrow` instead of ending the process: an emitter has nobody who would catch it. */
export function contained<A extends unknown[]>(listener: (...args: A) => void, onThrow: (error: unknown) => void): (...args: A) => void {
  return (...args) => {
    try {
      listener(...args)
    } catch (error) {
      onThrow(error)
    }
  }
}
