// Forgets the past of an etcd that several servers share: every five minutes, what was before the last five.
// They agree by kube-apiserver's protocol (apiserver pkg/storage/etcd3/compact.go), so that a real one may be
// among them: whoever raises the version of one key from what it knows compacts, the others wait.
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import { Periodic } from '../component/periodic.ts'
import { compareTarget, etcdAPI } from './etcdapi.ts'
import type { EtcdClient } from './etcdclient.ts'
import { StoreError } from './store.ts'

export interface EtcdCompactorOptions {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly log: Logger
  /** 0: never. */
  readonly intervalMs: number
}

const key = Buffer.from('compact_rev_key')

export class EtcdCompactor {
  readonly #options: EtcdCompactorOptions
  readonly #rounds: Periodic
  /** The key's version when it was last seen. */
  #version = 0
  /** Etcd's revision at that time; 0 before. */
  #revision = 0

  constructor(options: EtcdCompactorOptions) {
    this.#options = options
    const { clock, log, intervalMs } = options
    this.#rounds = new Periodic({
      clock,
      intervalMs,
      run: () => this.run(),
      onError: error => log.warn('cannot compact etcd', { error: String(error) }),
    })
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#rounds.start()
  }

  stop(): void {
    this.#rounds.stop()
  }

  /** One round; resolves with the revision compacted to, undefined when it was not for us to do. */
  async run(): Promise<number | undefined> {
    const { client } = this.#options
    const { header, succeeded, responses } = await client.call(
      etcdAPI.txn,
      {
        compare: [{ target: compareTarget.version, key, version: this.#version }],
        success: [{ put: { key, value: Buffer.from(String(this.#revision)) } }],
        failure: [{ range: { key } }],
      },
      { action: 'agree on the compaction of etcd', isRepeatable: false },
    )
    const before = this.#revision
    this.#revision = header?.revision ?? 0
    if (!succeeded) {
      this.#version = responses[0]?.range?.kvs[0]?.version ?? 0
      return undefined
    }
    this.#version++
    if (before === 0) return undefined
    try {
      const options = { action: `compact to revision ${before}`, isRepeatable: true }
      await client.call(etcdAPI.compact, { revision: before }, options)
    } catch (error) {
      // Somebody has compacted further.
      if (!(error instanceof StoreError && error.code === 'Compacted')) throw error
    }
    return before
  }
}
