import { runService } from '#libs/stage'

await runService('notifier')
