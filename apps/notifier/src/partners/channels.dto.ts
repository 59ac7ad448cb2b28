import { isInteger, isText, Nested } from '#libs/platform'
import { IsObject, IsOptional, IsString, Matches, MaxLength, ValidateIf } from 'class-validator'

const MAX_URL = 2048
const MAX_SECRET = 16 * 1024

export class WebhookDto {
  @Matches(/\S/, { message: 'url must be a text' })
  @MaxLength(MAX_URL)
  url!: string

  @isText(MAX_SECRET)
  secret!: string
}

export class EmailDto {
  @IsString()
  to!: string
}

export class SftpDto {
  @isText(253)
  host!: string

  @IsOptional()
  @isInteger(1, 65_535)
  port?: number

  @isText(100)
  user!: string

  @isText(MAX_SECRET)
  hostKey!: string

  @isText(1024)
  dir!: string

  @isText(MAX_SECRET)
  key!: string
}

/** Channel of a registration. `parsePartner` requires exactly one of the members. */
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

  @ValidateIf(({ agent2agent }: ChannelDto) => agent2agent !== undefined)
  @IsObject()
  @Nested(() => WebhookDto)
  agent2agent?: WebhookDto
}
