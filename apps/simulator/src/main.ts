import { runService } from '#libs/stage'

await runService('simulator')
