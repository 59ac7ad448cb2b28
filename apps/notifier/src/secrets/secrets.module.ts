import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { NotifierConfig } from '../notifier.config.js'
import { ResealSecrets } from './reseal-secrets.js'
import { SecretBox } from './secret-box.js'
import { readSecretKeys } from './secret-keys.js'

@Module({
  imports: [CoreModule],
  providers: [
    { provide: SecretBox, inject: [NotifierConfig], useFactory: (config: NotifierConfig) => new SecretBox(() => readSecretKeys(config)) },
    ResealSecrets,
  ],
  exports: [SecretBox],
})
export class SecretsModule {}
