import { PARTNER_EVENTS, type PartnerEvent, type PartnerRegistration } from '#libs/contracts'
import { isInteger, NestedList, isTexts } from '#libs/platform'
import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator'
import { ChannelDto } from './channels.dto.js'

const MAX_NAME = 200
const MAX_ENTRIES = 64
const MAX_CHANNELS = 8
const MAX_RATE = 100

/** Registration of a partner. Checks types, counts and lengths; `checkPartner` checks the meaning of the texts. */
export class PartnerRegistrationDto implements Omit<PartnerRegistration, 'channels'> {
  @IsString() id!: string
  @Matches(/\S/, { message: 'name must be a text' }) @MaxLength(MAX_NAME) name!: string
  @IsOptional() @isTexts(MAX_ENTRIES) groups?: string[]
  @NestedList(() => ChannelDto, { min: 1, max: MAX_CHANNELS }) channels!: ChannelDto[]
  @IsOptional() @IsIn(['all', 'first']) deliver?: 'all' | 'first'
  @IsOptional() @IsString() contact?: string
  @IsOptional() @isInteger(1, MAX_RATE) rate?: number
  @IsOptional() @IsIn(['latest', 'every']) lane?: 'latest' | 'every'
  @IsOptional() @isTexts(MAX_ENTRIES) networks?: string[]

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ENTRIES)
  @IsIn(PARTNER_EVENTS, { each: true })
  events?: PartnerEvent[]
}
