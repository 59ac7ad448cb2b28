import { runService } from '#libs/stage'

await runService('config-store')
