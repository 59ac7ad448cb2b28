import { HmsError } from '#libs/contracts'
import { isIntegerText, isOptionalText } from '#libs/platform'
import { UseInterceptors, type CallHandler, type ExecutionContext } from '@nestjs/common'
import { IsOptional } from 'class-validator'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { map, type Observable } from 'rxjs'
import { validated } from './http-application.js'

type Position = string | number
type Query = Record<string, unknown>

const MAX_LIMIT = 1_000

class PageQueryDto {
  @IsOptional() @isIntegerText(1, MAX_LIMIT) limit?: number
  @isOptionalText(2_000) cursor?: string
}

/** Last item of the previous page: its position, and its index in the complete list. */
type LastItem = readonly [position: Position, index: number]

interface Paging {
  /** Default of `limit`. Set it for a handler that itself reads at most `limit` items. */
  usual?: number
  /** Query member that takes the position, for a handler that begins after it. */
  after?: string | ((query: Query) => string)
}

const pages = new WeakMap<FastifyRequest, { limit: number | undefined; last: LastItem | undefined }>()

/** Pages a list by `limit` and `cursor`; `Link` (RFC 8288) is the next page. Without `keyOf` the handler calls `cutPage` or `linkNext`. */
export function Paged<T>(keyOf?: (item: T) => Position, { usual, after }: Paging = {}): MethodDecorator {
  const intercept = (context: ExecutionContext, next: CallHandler<T[]>): Observable<T[]> => {
    const [request, reply] = context.getArgs<[FastifyRequest<{ Querystring: Query }>, FastifyReply]>()
    const { query } = request
    const given = { limit: query['limit'], cursor: query['cursor'] }
    const { cursor, limit = usual } = validated(PageQueryDto, given, 'HMS_HTTP_QUERY_INVALID')
    const last = cursor === undefined ? undefined : lastItemOf(cursor, pathOf(request))
    delete query['cursor']
    if (after === undefined || usual !== undefined) delete query['limit']
    // One item more shows that there is a next page.
    if (usual !== undefined) query['limit'] = String(after === undefined ? MAX_LIMIT : limit! + 1)
    if (after !== undefined && last !== undefined) query[typeof after === 'string' ? after : after(query)] = String(last[0])
    pages.set(request, { limit, last: after === undefined ? last : undefined })
    return keyOf === undefined ? next.handle() : next.handle().pipe(map((items) => cutPage(items, keyOf, reply)))
  }
  return UseInterceptors({ intercept })
}

/** Returns the requested page of a list, and links the next one. */
export function cutPage<T>(items: readonly T[], keyOf: (item: T) => Position, reply: FastifyReply): T[] {
  const { limit = items.length, last } = pages.get(reply.request)!
  const found = last === undefined ? -1 : items.findIndex((item) => keyOf(item) === last[0])
  // The last item may have left the list; the item after it has its index then.
  const start = last !== undefined && found === -1 ? last[1] : found + 1
  const end = start + limit
  if (end < items.length) linkNext(reply, keyOf(items[end - 1]!), end - 1)
  return items.slice(start, end)
}

export function linkNext(reply: FastifyReply, position: Position, index = 0): void {
  const path = pathOf(reply.request)
  const query = new URLSearchParams(reply.request.url.slice(path.length))
  query.set('cursor', Buffer.from(JSON.stringify([path, position, index])).toString('base64url'))
  void reply.header('link', `<${path}?${query.toString()}>; rel="next"`)
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0]!
}

function lastItemOf(cursor: string, path: string): LastItem {
  try {
    const [list, position, index] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown, number]
    // guard: cursor-of-list
    if (list === path && ['string', 'number'].includes(typeof position) && index >= 0) return [position as Position, index]
  } catch {
    // Refused below.
  }
  const detail = 'The cursor is not of this list: follow the Link of a page, or leave the cursor out for the first page.'
  throw new HmsError('HMS_HTTP_CURSOR_INVALID', detail, { status: 400, errors: [{ pointer: '/cursor', detail }] })
}
