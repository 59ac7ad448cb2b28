import { runService } from '#libs/service'

await runService('notifier')
