import type { OtlpOptions } from './otlp-exporter.js'

/** Loads and starts the exporter if an endpoint is configured; the returned function sends the remaining spans and stops it. */
export async function startTracing({
  endpoint,
  ...options
}: Omit<OtlpOptions, 'endpoint'> & { endpoint: string | undefined }): Promise<() => Promise<void>> {
  if (endpoint === undefined) return async () => {}
  const { OtlpExporter } = await import('./otlp-exporter.js')
  const exporter = new OtlpExporter({ endpoint: endpoint.replace(/\/$/, ''), ...options })
  return () => exporter.stop()
}
