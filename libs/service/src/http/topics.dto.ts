import { TOPIC_NAMES, TOPICS } from '#libs/contracts'
import { isInstant, isIntegerText, isOptionalText, toList } from '#libs/platform'
import { ArrayMaxSize, IsIn, IsOptional } from 'class-validator'

export class TopicRecordsQueryDto {
  /** Comma-separated topic names; default: the whole catalogue. */
  @IsOptional()
  @toList
  @ArrayMaxSize(TOPIC_NAMES.length)
  @IsIn(TOPIC_NAMES, { each: true })
  topics = TOPICS.map(({ name }) => name)

  /** Cursor: `next` of an earlier page. Without `after` and `since`, the page is empty and its `next` is the end of the log. */
  @isOptionalText(200) after?: string
  @IsOptional() @isInstant since?: string

  /** `newest`: the newest records, whatever `after` and `since` are. They are listed oldest first, too. */
  @IsOptional() @IsIn(['newest']) order?: 'newest'

  /** Maximum records per service. */
  @IsOptional() @isIntegerText(1, 200) limit = 100
}
