import { IsString, Length } from 'class-validator'

export class ProofQueryDto {
  @IsString()
  @Length(1, 200)
  policy!: string

  @IsString()
  @Length(1, 100)
  version!: string
}
