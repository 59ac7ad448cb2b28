import { Controller, Get, Post } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryDatabase } from '#libs/persistence/testing'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { mintToken, type Roster } from '#libs/signing'
import { createHttpApplication } from '../http/http-application.js'
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js'
import { AuthorizationGuard } from './authorization.guard.js'
import { readHttpLimits } from '#libs/process'
import { Authorizer } from './authorizer.js'
import { Public, RequireScope } from './require-scope.js'
import { SignedBodies } from './signed-bodies.js'

@Controller('silent')
class SilentController {
  @Get()
  read(): void {}

  @Post()
  write(): void {}
}

@RequireScope('operate')
@Controller('strict')
class StrictController {
  @Get()
  read(): void {}

  @Public()
  @Get('open')
  open(): void {}
}

@Public()
@Controller('open')
class OpenController {
  @Get()
  read(): void {}

  @RequireScope('values')
  @Get('values')
  values(): void {}
}

@RequireScope('operate')
class StrictBase {
  @Get()
  read(): void {}
}

@Public()
@Controller('loosened')
class LoosenedController extends StrictBase {}

class HostModule {}

/** Statuses in production: without a key, and with a key for `read`, a partner’s key, and a key for `operate`. */
describe('a controller’s @RequireScope', () => {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const access = new Authorizer(
    'production',
    () => ({}) as Roster,
    clock,
    () => new MemoryDatabase(clock),
  )
  const keys = ['read', 'partner:epa', 'operate'].map((scope) => {
    const { token, id, hash } = mintToken()
    access.tokens.add({
      id,
      hash,
      name: scope,
      scopes: [scope],
      createdAt: '',
      createdBy: '',
      expiresAt: '2027-01-01T00:00:00Z',
      revokedAt: null,
      revokedBy: null,
    })
    return token
  })
  let app: NestFastifyApplication
  beforeAll(async () => {
    const module = {
      module: HostModule,
      controllers: [SilentController, StrictController, OpenController, LoosenedController],
      providers: [
        { provide: Authorizer, useValue: access },
        { provide: IdempotencyKeys, useValue: new IdempotencyKeys(() => new MemoryDatabase(new VirtualClock()), silentLogger) },
        {
          provide: SignedBodies,
          useValue: new SignedBodies(
            () => ({}) as Roster,
            () => new MemoryDatabase(clock),
            clock,
          ),
        },
        { provide: APP_GUARD, useClass: AuthorizationGuard },
      ],
    }
    app = await createHttpApplication(module, silentLogger, undefined, { limits: readHttpLimits('production', {}, false) }, access)
    await app.init()
  })
  afterAll(() => app.close())

  it.each([
    ['GET', '/silent', [401, 200, 403, 200]],
    ['POST', '/silent', [401, 403, 403, 201]],
    ['GET', '/strict', [401, 403, 403, 200]],
    ['GET', '/strict/open', [200, 200, 200, 200]],
    ['GET', '/open', [200, 200, 200, 200]],
    ['GET', '/open/values', [401, 200, 200, 200]],
    ['GET', '/loosened', [200, 200, 200, 200]],
  ] as const)('applies to its routes, unless a route declares its own: %s %s', async (method, url, statuses) => {
    const answers = [undefined, ...keys].map((key) =>
      app.inject({ method, url, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } }),
    )
    expect((await Promise.all(answers)).map(({ statusCode }) => statusCode)).toEqual(statuses)
  })
})
