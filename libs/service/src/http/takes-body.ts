import { BODY_BOUNDS, type BodyBounds } from '#libs/platform'
import { RouteConfig } from '@nestjs/platform-fastify'

/** Of a route whose body is larger or deeper than most. */
export function TakesBody(bounds: Partial<BodyBounds>): MethodDecorator {
  return RouteConfig({ bounds: { ...BODY_BOUNDS, ...bounds } })
}
