import { ApiClient, type ApiClientOptions, type PostOptions } from '#libs/client'

/** `ApiClient` that also takes paths and bodies outside the OpenAPI document: tests send invalid ones, and name the type of the response. */
export type LooseApi = ApiClient & {
  get<T>(path: string, query?: Record<string, string | number | boolean | undefined>, options?: { timeoutMs?: number }): Promise<T>
  post<T>(path: string, body: unknown, options?: PostOptions): Promise<T>
}

export const LooseApi = ApiClient as new (options: ApiClientOptions) => LooseApi
