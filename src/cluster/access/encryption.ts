// From the settings to a store in which Secrets are encrypted.
import { resources } from '../../api/resources/index.ts'
import { compileEncryption } from '../../apiserver/encryption/encryptionconfig.ts'
import { identity, transformerOf } from '../../apiserver/encryption/transformers.ts'
import { storagePrefix } from '../../apiserver/registry/keys.ts'
import { type Store, StoreError } from '../../storage/store.ts'
import { type TransformerLookup, transformedStore } from '../../storage/transformed.ts'
import { ConfigError } from '../configerror.ts'
import { readSetting } from './authentication.ts'
import type { AccessConfig } from './settings.ts'

/** Without a configuration nothing that is encrypted can be read. */
const unencrypted = transformerOf([identity])

/** Throws ConfigError for what cannot be read: no part of the cluster could work with it. */
async function checkReadable(
  store: Store,
  lookup: TransformerLookup,
  limit: { readonly limit?: number } = {},
): Promise<void> {
  const transformed = transformedStore(store, lookup)
  const prefixes = resources.map(storagePrefix).filter(prefix => lookup(prefix))
  const lists = prefixes.map(prefix => transformed.list({ prefix, ...limit }))
  try {
    await Promise.all(lists)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'Unreadable') throw error
    throw new ConfigError(
      `Cannot read the store: ${error.message}, expected --encryption-provider-config with the key that wrote it`,
    )
  }
}

/** The store as the API server is to see it. Rejects with ConfigError. */
export async function openEncryption(config: AccessConfig, store: Store): Promise<Store> {
  const { encryptionProviderConfig: path } = config
  if (path === undefined) {
    // What is encrypted is so from the first key on, as a rule.
    await checkReadable(store, () => unencrypted, { limit: 1 })
    return store
  }
  const { load } = await import('js-yaml')
  const lookup = readSetting('--encryption-provider-config', path, text =>
    compileEncryption(load(text), resources),
  )
  await checkReadable(store, lookup)
  return transformedStore(store, lookup)
}
