// How values are encrypted at rest: AES-GCM and AES-CBC, in upstream's form (k8s.io/apiserver
// pkg/storage/value/encrypt/aes), so that what one server wrote another can read. What is encrypted begins
// with `k8s:enc:`, the way and the name of its key.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { ValueTransformer } from '../../storage/transformed.ts'

/** One key in one way; `open` throws for what it has not sealed. */
export interface Cipher {
  /** What values begin with; empty: they are not encrypted. */
  readonly prefix: string
  /** `name` is the key of the store, which AES-GCM ties the value to. */
  seal(value: Buffer, name: string): Buffer
  open(sealed: Buffer, name: string): Buffer
}

const gcmNonceBytes = 12
const gcmTagBytes = 16
const cbcBlockBytes = 16
const tooShort = 'the stored data was shorter than the required size'

export interface NamedKey {
  readonly name: string
  /** 16, 24 or 32 bytes. */
  readonly secret: Buffer
}

export function aesGCM({ name, secret }: NamedKey): Cipher {
  const algorithm = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm'
  return {
    prefix: `k8s:enc:aesgcm:v1:${name}:`,
    seal(value, key) {
      const nonce = randomBytes(gcmNonceBytes)
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(key))
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, key) {
      if (sealed.length < gcmNonceBytes + gcmTagBytes) throw new Error(tooShort)
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, gcmNonceBytes))
      decipher.setAAD(Buffer.from(key)).setAuthTag(sealed.subarray(-gcmTagBytes))
      try {
        return Buffer.concat([
          decipher.update(sealed.subarray(gcmNonceBytes, -gcmTagBytes)),
          decipher.final(),
        ])
      } catch {
        throw new Error('cipher: message authentication failed')
      }
    },
  }
}

export function aesCBC({ name, secret }: NamedKey): Cipher {
  const algorithm = `aes-${secret.length * 8}-cbc`
  return {
    prefix: `k8s:enc:aescbc:v1:${name}:`,
    seal(value) {
      const start = randomBytes(cbcBlockBytes)
      const cipher = createCipheriv(algorithm, secret, start)
      return Buffer.concat([start, cipher.update(value), cipher.final()])
    },
    open(sealed) {
      if (sealed.length < 2 * cbcBlockBytes) throw new Error(tooShort)
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, cbcBlockBytes))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(cbcBlockBytes)), decipher.final()])
      } catch {
        throw new Error('invalid padding on input')
      }
    },
  }
}

const encrypted = Buffer.from('k8s:enc:')
const startsWith = (value: Buffer, prefix: Buffer) => value.subarray(0, prefix.length).equals(prefix)

export const identity: Cipher = {
  prefix: '',
  seal: value => value,
  open(value) {
    if (startsWith(value, encrypted)) throw new Error('identity transformer tried to read encrypted data')
    return value
  },
}

/** The first one seals; each opens what it has sealed. */
export function transformerOf(ciphers: readonly [Cipher, ...Cipher[]]): ValueTransformer {
  const known = ciphers.map(cipher => ({ cipher, prefix: Buffer.from(cipher.prefix) }))
  const [first] = ciphers
  return {
    toStorage: (value, key) => Buffer.concat([Buffer.from(first.prefix), first.seal(value, key)]),
    fromStorage(stored, key) {
      const problems: string[] = []
      for (const { cipher, prefix } of known) {
        if (!startsWith(stored, prefix)) continue
        try {
          return { value: cipher.open(stored.subarray(prefix.length), key), stale: cipher !== first }
        } catch (error) {
          if (cipher.prefix !== '') problems.push((error as Error).message)
        }
      }
      throw new Error(problems[0] ?? 'no matching prefix found')
    },
  }
}
