import { runService } from '#libs/service'

await runService('config-store')
