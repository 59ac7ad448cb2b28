import type { PartnerRegistration } from '#libs/contracts'
import { Nested, NestedList } from '#libs/platform'
import { ArrayMaxSize, IsArray, IsIn, IsObject, IsOptional, IsString, Matches, MaxLength, ValidateIf } from 'class-validator'

const MAX_NAME = 200
const MAX_ENTRIES = 64
const MAX_CHANNELS = 8
const MAX_URL = 2048

export class WebhookDto {
  @Matches(/\S/, { message: 'url must be a text' })
  @MaxLength(MAX_URL)
  url!: string

  @IsString()
  secret!: string
}

export class ChannelDto {
  @ValidateIf(({ webhook }: ChannelDto) => webhook !== undefined)
  @IsObject()
  @Nested(() => WebhookDto)
  webhook?: WebhookDto

  /** Known and not built: `checkPartner` says so. */
  @IsOptional()
  email?: unknown

  @IsOptional()
  sftp?: unknown
}

/** Types, counts and lengths. What the texts mean is for `checkPartner` to judge. */
export class PartnerRegistrationDto implements Omit<PartnerRegistration, 'channels'> {
  @IsString()
  id!: string

  @Matches(/\S/, { message: 'name must be a text' })
  @MaxLength(MAX_NAME)
  name!: string

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ENTRIES)
  @IsString({ each: true })
  groups?: string[]

  @NestedList(() => ChannelDto, { min: 1, max: MAX_CHANNELS })
  channels!: ChannelDto[]

  @IsOptional()
  @IsIn(['latest', 'every'])
  lane?: 'latest' | 'every'

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ENTRIES)
  @IsString({ each: true })
  networks?: string[]
}
