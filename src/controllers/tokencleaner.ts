// Removes bootstrap tokens that have expired: kube-controller-manager's token-cleaner.
import type { Secret } from '../api/generated/types.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { isNotFound } from '../api/status.ts'
import type { Controller } from './controller.ts'
import { periodic } from './periodic.ts'
import { secrets } from './resources.ts'

const fieldSelector = 'type=bootstrap.kubernetes.io/token'
const namespace = 'kube-system'

function hasExpired({ data = {} }: Secret, nowMs: number): boolean {
  const expiration = Buffer.from(data['expiration'] ?? '', 'base64').toString()
  return expiration !== '' && (parseTime(expiration) ?? 0) <= nowMs
}

/** `periodMs` is the time between two rounds. */
export function tokenCleaner({ periodMs = 60_000 } = {}): Controller {
  const name = 'token-cleaner'
  return {
    name,
    create({ cache, client, clock, log }) {
      const informer = cache.informer(secrets, fieldSelector)
      async function run(): Promise<void> {
        const all = [...informer.values()].filter(({ metadata }) => metadata.namespace === namespace)
        for (const { metadata } of all.filter(secret => hasExpired(secret, clock.now()))) {
          const { name: secretName = '', uid = '' } = metadata
          try {
            await client.delete(secrets, { namespace, name: secretName }, { preconditions: { uid } })
          } catch (error) {
            if (!isNotFound(error)) throw error
          }
        }
      }
      return periodic({ name, periodMs, clock, log, run })
    },
  }
}
