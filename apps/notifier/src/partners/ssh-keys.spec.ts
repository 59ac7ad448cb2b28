import { generateKeyPairSync } from 'node:crypto'
import ssh2 from 'ssh2'
import { describe, expect, it } from 'vitest'
import { ed25519Keys } from '../channels/sftp/ssh-keys.suite.js'
import { userKeyRefusal } from './ssh-keys.js'

const { generateKeyPairSync: sshKeys } = ssh2.utils

describe('userKeyRefusal', () => {
  it.each([
    ['ed25519', ed25519Keys().private],
    ['ecdsa', sshKeys('ecdsa', { bits: 256 }).private],
    ['rsa', sshKeys('rsa', { bits: 2048 }).private],
    ['without its last line break', ed25519Keys().private.trimEnd()],
    ['rsa in PEM', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
  ])('accepts %s', (_, key) => expect(userKeyRefusal(key)).toBeUndefined())

  it.each([
    ['a short RSA key', sshKeys('rsa', { bits: 1024 }).private, '1024 bits'],
    ['a public key', ed25519Keys().public, 'public key'],
    ['one with a passphrase', ed25519Keys({ passphrase: 'p', cipher: 'aes256-cbc', rounds: 16 }).private, 'passphrase'],
    ['something else', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', 'cannot be read'],
    ['nothing', '', 'cannot be read'],
  ])('refuses %s, and explains what to do', (_, key, detail) => expect(userKeyRefusal(key)).toContain(detail))
})
