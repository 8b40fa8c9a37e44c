// Settings of a store in etcd: their names, which are upstream's kube-apiserver flags, and their check.
import type { EtcdStoreOptions } from '../storage/etcd.ts'
import { ConfigError } from './configerror.ts'

export interface EtcdOptions {
  /** PEM files for https endpoints: whom to trust, and who we are. */
  readonly etcdCAFile?: string
  readonly etcdCertFile?: string
  readonly etcdKeyFile?: string
  /** What all keys begin with. Default `/registry`. */
  readonly etcdPrefix?: string
  /** How often the past is forgotten. Default 300,000, five minutes; 0: never. */
  readonly etcdCompactionIntervalMs?: number
}

/** How each is written in a configuration file. */
export const etcdSettings: Readonly<Record<keyof EtcdOptions, 'text' | 'number'>> = {
  etcdCAFile: 'text',
  etcdCertFile: 'text',
  etcdKeyFile: 'text',
  etcdPrefix: 'text',
  etcdCompactionIntervalMs: 'number',
}

/** What the keys of the API server begin with, wherever they are kept. */
const registry = '/registry/'
const defaultIntervalMs = 300_000

function parsePrefix(text: string): string {
  const inner = text.replace(/^\/+|\/+$/g, '')
  if (inner === '') throw new ConfigError(`Cannot use --etcd-prefix ${text}: expected for example /registry`)
  return `/${inner}/`
}

/** Throws ConfigError, also when there are such settings for another store. */
export function loadEtcd(options: EtcdOptions & { readonly store?: string }): EtcdStoreOptions {
  const { store = '', etcdCAFile, etcdCertFile, etcdKeyFile } = options
  const isOther = !store.startsWith('etcd:')
  if (isOther && Object.keys(etcdSettings).some(name => options[name as keyof EtcdOptions] !== undefined)) {
    throw new ConfigError('Cannot use flags that begin with --etcd-: expected --store etcd:URL with them')
  }
  if ((etcdCertFile === undefined) !== (etcdKeyFile === undefined)) {
    throw new ConfigError('Cannot use one of --etcd-certfile and --etcd-keyfile: expected both')
  }
  return {
    caFile: etcdCAFile,
    certFile: etcdCertFile,
    keyFile: etcdKeyFile,
    prefix: { local: registry, remote: parsePrefix(options.etcdPrefix ?? registry) },
    compactionIntervalMs: options.etcdCompactionIntervalMs ?? defaultIntervalMs,
  }
}
