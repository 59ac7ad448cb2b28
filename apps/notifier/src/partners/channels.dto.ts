import { isInteger, isText, Nested, type Shape } from '#libs/platform'
import { applyDecorators } from '@nestjs/common'
import { IsObject, IsOptional, IsString, Matches, MaxLength, ValidateIf } from 'class-validator'

const MAX_URL = 2048
const MAX_SECRET = 16 * 1024

export class WebhookDto {
  @Matches(/\S/, { message: 'url must be a text' }) @MaxLength(MAX_URL) url!: string
  @isText(MAX_SECRET) secret!: string
}

export class EmailDto {
  @IsString() to!: string
}

export class SftpDto {
  @isText(253) host!: string
  @IsOptional() @isInteger(1, 65_535) port?: number
  @isText(100) user!: string
  @isText(MAX_SECRET) hostKey!: string
  @isText(1024) dir!: string
  @isText(MAX_SECRET) key!: string
}

/** A member that is an object if it is given. */
function channel(shape: () => Shape): PropertyDecorator {
  return applyDecorators(
    Nested(shape),
    IsObject(),
    ValidateIf((_channel, given) => given !== undefined),
  )
}

/** Channel of a registration. `parsePartner` requires exactly one of the members. */
export class ChannelDto {
  @channel(() => WebhookDto) webhook?: WebhookDto
  @channel(() => EmailDto) email?: EmailDto
  @channel(() => SftpDto) sftp?: SftpDto
  @channel(() => WebhookDto) a2a?: WebhookDto
  @channel(() => WebhookDto) agent2agent?: WebhookDto
}
