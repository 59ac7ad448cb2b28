import { runService } from '#libs/service'

await runService('canary-controller')
