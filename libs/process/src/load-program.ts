/** Imports a program of an app, such as `edge/src/edge`, by name at run time: apps import only types of other apps, libraries nothing. */
export async function loadProgram<T>(module: string): Promise<T> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../../apps/${module}.${extension}`, import.meta.url)
  return (await import(/* @vite-ignore */ url.href)) as T
}
