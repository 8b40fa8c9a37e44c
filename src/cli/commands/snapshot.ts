// `futago snapshot`: what a cluster holds, into a file and back.
import type { Command } from 'commander'
import type { SnapshotTarget } from '../../cluster/snapshots.ts'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { addEtcdAccessFlags, type EtcdFlags, etcdOptions } from '../etcdflags.ts'
import { stateRoot } from '../stateroot.ts'

interface TargetFlags extends EtcdFlags {
  readonly name: string
  readonly store?: string
  readonly etcdPrefix?: string
  readonly config?: string
}

async function targetOf({ name, store, etcdPrefix, config, ...flags }: TargetFlags): Promise<SnapshotTarget> {
  return {
    ...(config ? (await import('../../cluster/configfile.ts')).loadConfigFile(config) : {}),
    name,
    directory: new StateDirectory(stateRoot(), name),
    ...(store ? { store } : {}),
    ...(etcdPrefix ? { etcdPrefix } : {}),
    ...etcdOptions(flags),
  }
}

async function save(file: string, flags: TargetFlags): Promise<void> {
  const { name } = flags
  const { saveSnapshot } = await import('../../cluster/snapshots.ts')
  const { entries, revision } = await saveSnapshot(await targetOf(flags), file)
  process.stdout.write(`cluster ${name}: ${entries.size} objects at revision ${revision} saved to ${file}\n`)
}

interface RestoreFlags extends TargetFlags {
  readonly force?: boolean
}

async function restore(file: string, flags: RestoreFlags): Promise<void> {
  const { name, force = false } = flags
  const { restoreSnapshot } = await import('../../cluster/snapshots.ts')
  const { snapshot, replaced, store } = await restoreSnapshot(await targetOf(flags), file, { force })
  const aside = replaced ? `\nwhat it held before is in ${replaced}` : ''
  const where = store ? ` --store ${store}` : ''
  process.stdout.write(
    `cluster ${name}: ${snapshot.entries.size} objects restored; ` +
      `start it with: futago up --name ${name}${where}${aside}\n`,
  )
}

const addTargetFlags = (command: Command): Command =>
  addEtcdAccessFlags(
    command
      .option('--name <name>', 'the cluster', 'default')
      .option('--store <store>', 'lmdb:DIRECTORY or etcd:URL,... as `up` has it, where it has such')
      .option('--config <file>', 'the file that `up` has, for the store; flags win'),
  )

export function addSnapshot(program: Command): void {
  const snapshot = program.command('snapshot').description('save what a cluster holds, and bring it back')
  addTargetFlags(
    snapshot
      .command('save <file>')
      .description('write all objects of a cluster, running or stopped, into a file'),
  ).action(save)
  addTargetFlags(
    snapshot.command('restore <file>').description('bring a stopped or new cluster to what a file holds'),
  )
    .option('--force', 'also when there are objects; they are put aside')
    .action(restore)
}
