import type { paths } from '#openapi'

type Method = 'get' | 'post'
type Operation<P, M extends Method> = P extends keyof paths ? NonNullable<paths[P][M]> : never
type OrNothing<T> = [T] extends [never] ? object : T
/** A path and a query are text: numbers and booleans are converted. */
type AsText<T> = {
  [K in keyof T]: T[K] extends readonly unknown[] | undefined
    ? string
    : string extends T[K]
      ? string | number
      : 'true' extends T[K]
        ? T[K] | boolean
        : number extends T[K]
          ? T[K] | string
          : T[K]
}
type Part<P, M extends Method, Of extends 'path' | 'query'> =
  Operation<P, M> extends { parameters: { [K in Of]?: infer T } } ? OrNothing<AsText<NonNullable<T>>> : object

/** Paths of `docs/openapi.json` that have an operation of this method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths]

/** Names in the path, each percent-encoded when it is sent. */
export type PathParameters<P, M extends Method> = Part<P, M, 'path'>

/** Names in the path, and query parameters. */
export type GetParameters<P> = PathParameters<P, 'get'> & Part<P, 'get', 'query'>

/** JSON body of a POST; `{}` if the operation has none. */
export type BodyOf<P> =
  Operation<P, 'post'> extends { requestBody: { content: { 'application/json': infer T } } } ? T : Record<string, never>

/** JSON of a successful response. */
export type ResponseOf<P, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? JsonOf<R[keyof R & (200 | 201 | 202)]> : never

type JsonOf<R> = R extends { content: { 'application/json': infer T } } ? T : never
