/** Wraps a listener so that its errors are passed to `onThrow` instead of ending the process: an emitter does not catch them. */
export function contained<A extends unknown[]>(listener: (...args: A) => void, onThrow: (error: unknown) => void): (...args: A) => void {
  return (...args) => {
    try {
      listener(...args)
    } catch (error) {
      onThrow(error)
    }
  }
}
