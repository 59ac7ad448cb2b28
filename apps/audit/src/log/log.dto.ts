import { isIntegerText } from '#libs/platform'
import { IsString, Length } from 'class-validator'

export class ProofQueryDto {
  @IsString()
  @Length(1, 200)
  policy!: string

  @IsString()
  @Length(1, 100)
  version!: string
}

/** Query for the releases of the entries from this index on, up to the number of entries in a tile. */
export class ReleasesQueryDto {
  @isIntegerText(0)
  from!: number
}
