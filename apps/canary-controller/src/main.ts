import { runService } from '#libs/stage'

await runService('canary-controller')
