// The flags about a store in etcd, as kube-apiserver has them.
import type { Command } from 'commander'
import type { ClusterOptions } from '../cluster/config.ts'
import { parseDuration } from './duration.ts'

/** As commander names what it has read. */
export interface EtcdFlags {
  readonly etcdCafile?: string
  readonly etcdCertfile?: string
  readonly etcdKeyfile?: string
  readonly etcdCompactionInterval?: number
}

export const addEtcdFlags = (command: Command): Command =>
  addEtcdAccessFlags(command).option(
    '--etcd-compaction-interval <time>',
    'how often etcd is to forget the past; default: 5m, 0: never',
    parseDuration,
  )

/** Those that reading and writing need. */
export const addEtcdAccessFlags = (command: Command): Command =>
  command
    .option('--etcd-cafile <file>', 'certificates that vouch for the members of etcd')
    .option('--etcd-certfile <file>', 'the certificate to show to etcd')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--etcd-prefix <prefix>', 'what all keys in etcd begin with; default: /registry')

/** With the names of the settings. */
export function etcdOptions(flags: EtcdFlags): ClusterOptions {
  const { etcdCafile, etcdCertfile, etcdKeyfile, etcdCompactionInterval } = flags
  return {
    ...(etcdCafile ? { etcdCAFile: etcdCafile } : {}),
    ...(etcdCertfile ? { etcdCertFile: etcdCertfile } : {}),
    ...(etcdCompactionInterval === undefined ? {} : { etcdCompactionIntervalMs: etcdCompactionInterval }),
    ...(etcdKeyfile ? { etcdKeyFile: etcdKeyfile } : {}),
  }
}
