/** Where Nest's Fastify adapter looks for the configuration of a route. */
const ROUTE_CONFIG = '__fastify_route_config__'

/** Adds to the configuration of a handler's route. Nest's own `RouteConfig` replaces what another decorator said. */
export function routeConfig(config: object, handler: object): void {
  const known = Reflect.getOwnMetadata(ROUTE_CONFIG, handler) as object | undefined
  Reflect.defineMetadata(ROUTE_CONFIG, { ...known, ...config }, handler)
}
