import { isInteger, toNumber } from '#libs/platform'
import { IsString, Length } from 'class-validator'

export class ProofQueryDto {
  @IsString()
  @Length(1, 200)
  policy!: string

  @IsString()
  @Length(1, 100)
  version!: string
}

/** Entries from this index on, as many as a tile has. */
export class ReleasesQueryDto {
  @toNumber
  @isInteger(0)
  from!: number
}
