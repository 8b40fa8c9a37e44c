// From the settings to a store in which Secrets are encrypted.
import { resources } from '../../api/resources/index.ts'
import { compileEncryption } from '../../apiserver/encryption/encryptionconfig.ts'
import type { Store } from '../../storage/store.ts'
import { transformedStore } from '../../storage/transformed.ts'
import type { AccessConfig } from './settings.ts'
import { readSetting } from './tokens.ts'

/** The store as the API server is to see it. Rejects with ConfigError. */
export async function openEncryption(config: AccessConfig, store: Store): Promise<Store> {
  const { encryptionProviderConfig: path } = config
  if (path === undefined) return store
  const { load } = await import('js-yaml')
  const lookup = readSetting('--encryption-provider-config', path, text =>
    compileEncryption(load(text), resources),
  )
  return transformedStore(store, lookup)
}
