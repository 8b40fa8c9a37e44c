// Which resources are encrypted in the store, and with which keys: an EncryptionConfiguration of
// apiserver.config.k8s.io/v1. Follows upstream's pkg/apis/config/validation and pkg/server/options/
// encryptionconfig.
import type { Resource } from '../../api/resource.ts'
import type { TransformerLookup, ValueTransformer } from '../../storage/transformed.ts'
import {
  type Check,
  type Fields,
  hasFields,
  isAnything,
  isListOf,
  isOneOf,
  isText,
  refuse,
} from '../documentchecks.ts'
import { type ResourceOfKey, resourcesByPrefix } from '../registry/keys.ts'
import { aesCBC, aesGCM, type Cipher, identity, transformerOf } from './transformers.ts'

interface Key {
  readonly name: string
  readonly secret: string
}

interface Provider {
  readonly aesgcm?: { readonly keys: readonly Key[] }
  readonly aescbc?: { readonly keys: readonly Key[] }
  readonly identity?: object
}

interface Configuration {
  readonly resources: readonly {
    readonly resources: readonly string[]
    readonly providers: readonly Provider[]
  }[]
}

const keyLengths = [16, 24, 32]
const bytesOf = (secret: string) => Buffer.from(secret, 'base64')

const secret: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.length % 4 !== 0) {
    refuse(path, 'secrets must be base64 encoded')
  }
  const { length } = bytesOf(value as string)
  if (keyLengths.includes(length)) return
  refuse(
    path,
    `secret is not of the expected length, got ${length}, expected one of [${keyLengths.join(' ')}]`,
  )
}

const atLeastOne =
  (what: string, check: Check): Check =>
  (value, path) => {
    isListOf(check)(value, path)
    if ((value as unknown[]).length === 0) refuse(path, `at least one ${what} is required`)
  }

const keys = hasFields({
  required: { keys: atLeastOne('key', hasFields({ required: { name: isText, secret } })) },
})

const notHere: Check = (_, path) => refuse(path, 'is not supported here, expected aesgcm, aescbc or identity')

const providerFields = hasFields({
  optional: { aesgcm: keys, aescbc: keys, identity: isAnything, secretbox: notHere, kms: notHere },
})

const provider: Check = (value, path) => {
  providerFields(value, path)
  const count = Object.keys(value as Fields).length
  if (count !== 1) refuse(path, `it names ${count} providers, expected one per element`)
}

const configuration = hasFields({
  required: {
    apiVersion: isOneOf(['apiserver.config.k8s.io/v1']),
    kind: isOneOf(['EncryptionConfiguration', 'EncryptionConfig']),
    resources: atLeastOne(
      'entry',
      hasFields({
        required: {
          resources: atLeastOne('resource', isText),
          providers: atLeastOne('provider', provider),
        },
      }),
    ),
  },
  optional: { metadata: isAnything },
})

function ciphersOf({ aesgcm, aescbc }: Provider): Cipher[] {
  const named = (given: readonly Key[]) =>
    given.map(({ name, secret }) => ({ name, secret: bytesOf(secret) }))
  if (aesgcm) return named(aesgcm.keys).map(aesGCM)
  return aescbc ? named(aescbc.keys).map(aesCBC) : [identity]
}

/** How an entry may name a resource. */
const namesOf = ({ group, resource }: ResourceOfKey) => [
  group === '' ? resource : `${resource}.${group}`,
  `*.${group}`,
  '*.*',
]

/** A misspelt name would leave secrets in the clear. Other groups may come to be. */
function checkNames({ resources: entries }: Configuration, resources: readonly Resource[]): void {
  const known = new Set(resources.flatMap(namesOf))
  for (const [index, { resources: names }] of entries.entries()) {
    const unknown = names.findIndex(name => !known.has(name) && !name.includes('.'))
    if (unknown >= 0) {
      refuse(
        `resources[${index}].resources[${unknown}]`,
        `there is no resource ${JSON.stringify(names[unknown])}`,
      )
    }
  }
}

/** `document` is the configuration as it was parsed from YAML. Throws an Error that names the field. */
export function compileEncryption(document: unknown, resources: readonly Resource[]): TransformerLookup {
  configuration(document, '')
  const { resources: entries } = document as Configuration
  checkNames(document as Configuration, resources)
  const compiled = entries.map(entry => ({
    names: new Set(entry.resources),
    transformer: transformerOf(entry.providers.flatMap(ciphersOf) as [Cipher, ...Cipher[]]),
  }))
  const byResource = new Map<ResourceOfKey, ValueTransformer | undefined>()
  const resourceOf = resourcesByPrefix(resources)
  return key => {
    const resource = resourceOf(key)
    if (!resource) return undefined
    if (!byResource.has(resource)) {
      const entry = compiled.find(({ names }) => namesOf(resource).some(name => names.has(name)))
      byResource.set(resource, entry?.transformer)
    }
    return byResource.get(resource)
  }
}
