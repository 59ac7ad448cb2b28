import { describe, expect, it } from 'vitest'
import { commandOf, commandsAfterDemo, commandsToTry } from './try-it.js'

const sample = '/home/a/project/node_modules/hms-svc/apps/demo/assets/policies/pm25-1.5.0.yaml'

describe('commands suggested by dev and demo', () => {
  it('have paths relative to the working folder', () => {
    expect(commandsToTry({ cwd: '/home/a/project', dataDir: '/home/a/project/.hms', url: 'http://127.0.0.1:7184', sample })).toEqual([
      'npx hms-svc approve node_modules/hms-svc/apps/demo/assets/policies/pm25-1.5.0.yaml --sign "EPA Chief" --observe 1s --watch',
      'npx hms-svc get epa-pm25-limit',
    ])
  })

  it('name data folder and port if they are not the defaults, because a second terminal does not know them', () => {
    expect(commandsToTry({ cwd: '/srv/x', dataDir: "/var/lib/it's here", url: 'http://10.0.0.5:7300', sample })).toEqual([
      `HMS_DATA_DIR='/var/lib/it'\\''s here' npx hms-svc approve ${sample} --sign "EPA Chief" --observe 1s --watch --url ` +
        `http://10.0.0.5:7300`,
      `HMS_DATA_DIR='/var/lib/it'\\''s here' npx hms-svc get epa-pm25-limit --url http://10.0.0.5:7300`,
    ])
  })
  it('name the data folder of the demo, which has the key for a rollback', () => {
    const hms = 'HMS_DATA_DIR=/tmp/story npx hms-svc'
    expect(commandsAfterDemo({ cwd: '/srv/x', dataDir: '/tmp/story', url: 'http://127.0.0.1:7184' })).toEqual([
      `${hms} get epa-pm25-limit`,
      `${hms} rollback epa-pm25-limit@1.5.0     # every bot back at 35`,
      `${hms} runs list`,
      `${hms} audit log --run 2`,
    ])
  })

  it('are made of an argument list, with files relative to the working folder', () => {
    const target = { cwd: '/home/a/project', dataDir: '/home/a/project/.hms', url: 'http://127.0.0.1:7184' }
    expect(commandOf(target, ['approve', sample, '--sign', 'EPA Chief'])).toBe(
      "npx hms-svc approve node_modules/hms-svc/apps/demo/assets/policies/pm25-1.5.0.yaml --sign 'EPA Chief'",
    )
  })
})
