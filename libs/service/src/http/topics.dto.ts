import { deadLetterTopic, SERVICES, TOPICS } from '#libs/contracts'
import { toList, toNumber } from '#libs/platform'
import { ArrayMaxSize, IsIn, IsInt, IsISO8601, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

const NAMES = [...TOPICS.map(({ name }) => name), ...SERVICES.map(deadLetterTopic)]

export class TopicRecordsQueryDto {
  /** Names of topics, separated by commas; those of the catalogue without it. */
  @IsOptional()
  @toList
  @ArrayMaxSize(NAMES.length)
  @IsIn(NAMES, { each: true })
  topics = TOPICS.map(({ name }) => name)

  /** `next` of an earlier page; without it, and without `since`, the page is empty and says where the log ends. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  after?: string

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true }, { message: 'since must be a time, for instance 2026-01-31T00:00:00Z' })
  since?: string

  /** Records of each service. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(200)
  limit = 100
}
