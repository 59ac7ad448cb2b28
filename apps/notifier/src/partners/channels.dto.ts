import { Nested } from '#libs/platform'
import { IsInt, IsObject, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateIf } from 'class-validator'

const MAX_URL = 2048
const MAX_SECRET = 16 * 1024

export class WebhookDto {
  @Matches(/\S/, { message: 'url must be a text' })
  @MaxLength(MAX_URL)
  url!: string

  @IsString()
  @MaxLength(MAX_SECRET)
  secret!: string
}

export class EmailDto {
  @IsString()
  to!: string
}

export class SftpDto {
  @IsString()
  @MaxLength(253)
  host!: string

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  port?: number

  @IsString()
  @MaxLength(100)
  user!: string

  @IsString()
  @MaxLength(MAX_SECRET)
  hostKey!: string

  @IsString()
  @MaxLength(1024)
  dir!: string

  @IsString()
  @MaxLength(MAX_SECRET)
  key!: string
}

/** Exactly one of them: `parsePartner` says so. */
export class ChannelDto {
  @ValidateIf(({ webhook }: ChannelDto) => webhook !== undefined)
  @IsObject()
  @Nested(() => WebhookDto)
  webhook?: WebhookDto

  @ValidateIf(({ email }: ChannelDto) => email !== undefined)
  @IsObject()
  @Nested(() => EmailDto)
  email?: EmailDto

  @ValidateIf(({ sftp }: ChannelDto) => sftp !== undefined)
  @IsObject()
  @Nested(() => SftpDto)
  sftp?: SftpDto

  @ValidateIf(({ a2a }: ChannelDto) => a2a !== undefined)
  @IsObject()
  @Nested(() => WebhookDto)
  a2a?: WebhookDto
}
