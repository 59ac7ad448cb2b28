import { isText } from '#libs/platform'
import { IsOptional } from 'class-validator'

export class RestoreDocumentDto {
  /** Written to the log with what was restored. */
  @IsOptional()
  @isText(1_000)
  reason?: string
}
