import { describe, expect, it } from 'vitest'
import type { HmsError } from '#libs/contracts'
import { readClientConfig } from './client.config.js'

describe('readClientConfig', () => {
  it('has defaults, also for empty variables', () => {
    expect(readClientConfig({ HMS_URL: '', HMS_BOT: ' ' })).toEqual({ url: 'http://127.0.0.1:7184', dataDir: '.hms' })
    const config = readClientConfig({ HMS_URL: 'https://hms.example/base/', HMS_BOT: 'b' })
    expect(config).toMatchObject({ url: 'https://hms.example/base', bot: 'b' })
  })

  it.each(['nowhere', 'ftp://hms.example', 'http://user@hms.example', 'http://hms.example?x=1'])('refuses the address %s', (url) => {
    expect(() => readClientConfig({ HMS_URL: url })).toThrow(expect.objectContaining({ code: 'HMS_CONFIG_INVALID', status: 400 }) as Error)
  })

  it('names every wrong variable in one error, without secrets', () => {
    const env = { HMS_URL: 'http://user:pass@hms.example', HMS_BOT: 'b'.repeat(201), HMS_REGION: 'N\u0007R', HMS_TOKEN: 'hms key' }
    let refusal: unknown
    try {
      readClientConfig(env)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toMatchObject({ code: 'HMS_CONFIG_INVALID', status: 400, next: ['hms-svc help environment'] })
    const { message, errors } = refusal as HmsError
    expect(errors?.map(({ pointer }) => pointer)).toEqual(['HMS_URL', 'HMS_BOT', 'HMS_REGION', 'HMS_TOKEN'])
    expect(message).not.toMatch(/pass|hms key/)
  })
})
