// Removes requests for certificates that are settled, or that nobody settled: kube-controller-manager's
// csrcleaner, with its times.
import { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest } from '../api/generated/types.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { isNotFound } from '../api/status.ts'
import type { Controller } from './controller.ts'
import { periodic } from './periodic.ts'

const hourMs = 3_600_000
const settledMs = hourMs
const pendingMs = 24 * hourMs

function isExpired(certificate: string, nowMs: number): boolean {
  try {
    const { validTo } = new X509Certificate(Buffer.from(certificate, 'base64'))
    return Date.parse(validTo) < nowMs
  } catch {
    return false
  }
}

/** Whether it has been there for long enough. */
export function isSettled({ metadata, status }: CertificateSigningRequest, nowMs: number): boolean {
  const isOlder = (time: string | undefined, than: number) => {
    const ms = parseTime(time)
    return ms !== undefined && nowMs - ms > than
  }
  const { conditions = [], certificate } = status ?? {}
  if (conditions.length === 0) return isOlder(metadata.creationTimestamp, pendingMs)
  return conditions.some(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return isOlder(lastUpdateTime, settledMs)
    if (type !== 'Approved' || !certificate) return false
    return isOlder(lastUpdateTime, settledMs) || isExpired(certificate, nowMs)
  })
}

/** `periodMs` is the time between two rounds. */
export function certificateCleaner({ periodMs = hourMs } = {}): Controller {
  const name = 'csrcleaner'
  return {
    name,
    create({ cache, client, clock, log }) {
      const informer = cache.informer(certificateSigningRequests)
      async function run(): Promise<void> {
        if (!informer.hasSynced) return
        for (const object of informer.list()) {
          if (!isSettled(object, clock.now())) continue
          try {
            await client.delete(certificateSigningRequests, { name: object.metadata.name ?? '' })
          } catch (error) {
            if (!isNotFound(error)) throw error
          }
        }
      }
      return periodic({ name, periodMs, clock, log, run })
    },
  }
}
