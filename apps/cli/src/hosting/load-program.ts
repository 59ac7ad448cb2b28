/** Imports a program of another app, such as `edge/src/edge`, dynamically by name, because apps do not import apps. */
export async function loadProgram<T>(module: string): Promise<T> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../../${module}.${extension}`, import.meta.url)
  return (await import(/* @vite-ignore */ url.href)) as T
}
