// Tells a finding of the repair loop as a Warning Event about the object, as upstream's repair controllers
// do.
import { randomUUID } from 'node:crypto'
import type { CoreV1Event } from '../../api/generated/types.ts'
import { formatTime } from '../../api/meta/timestamps.ts'
import type { Finding } from './repairplan.ts'

const component = 'ipallocator-repair-controller'
const apiVersions = { Service: 'v1', IPAddress: 'networking.k8s.io/v1' } as const

/** Events about cluster-scoped objects are in the namespace default. */
export function eventFor(finding: Finding, nowMs: number): CoreV1Event {
  const { kind, name, uid, reason, message } = finding
  const time = formatTime(nowMs)
  const namespace = finding.namespace || 'default'
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: { name: `${name.replaceAll(':', '-')}.${randomUUID().slice(0, 8)}`, namespace },
    involvedObject: {
      kind,
      apiVersion: apiVersions[kind],
      name,
      uid,
      ...(finding.namespace ? { namespace: finding.namespace } : {}),
    },
    type: 'Warning',
    reason,
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}
