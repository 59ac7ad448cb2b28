import { runService } from '#libs/service'

await runService('linter')
