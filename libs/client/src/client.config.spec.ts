import { describe, expect, it } from 'vitest'
import { readClientConfig } from './client.config.js'

describe('readClientConfig', () => {
  it('has defaults, and takes empty for absent', () => {
    expect(readClientConfig({ HMS_URL: '', HMS_BOT: ' ' })).toEqual({ url: 'http://127.0.0.1:7184', dataDir: '.hms' })
    const config = readClientConfig({ HMS_URL: 'https://hms.example/base/', HMS_BOT: 'b' })
    expect(config).toMatchObject({ url: 'https://hms.example/base', bot: 'b' })
  })

  it.each(['nowhere', 'ftp://hms.example', 'http://user@hms.example', 'http://hms.example?x=1'])('refuses the address %s', (url) => {
    expect(() => readClientConfig({ HMS_URL: url })).toThrow(expect.objectContaining({ code: 'HMS_CONFIG_INVALID', status: 400 }) as Error)
  })
})
