// Event: what happened to an object, kept for a while. The same stored objects are served as
// events.k8s.io/v1 (KEP-383); an Event that has an eventTime is held to the rules of the newer face.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { CoreV1Event } from '../../generated/types.ts'
import { ageSince } from '../../meta/age.ts'
import { byteLength, dns1123Subdomain, qualifiedName } from '../../meta/names.ts'
import { type Column, column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

/** Required parts are there even when empty, and times that are not set are null: so the API answers. */
function defaultEvent(event: CoreV1Event): void {
  const times = event as { firstTimestamp?: unknown; lastTimestamp?: unknown; eventTime?: unknown }
  times.firstTimestamp ??= null
  times.lastTimestamp ??= null
  times.eventTime ??= null
  event.source ??= {}
  event.reportingComponent ??= ''
  event.reportingInstance ??= ''
}

function validateEvent(event: CoreV1Event): FieldError[] {
  const errors = event.eventTime ? validateNewEvent(event) : validateOldEvent(event)
  const namespace = event.metadata.namespace ?? ''
  for (const problem of dns1123Subdomain(namespace)) {
    errors.push(invalidValue('namespace', namespace, problem))
  }
  return errors
}

function mismatch(namespace: string): FieldError {
  return invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')
}

function validateOldEvent({ metadata, involvedObject }: CoreV1Event): FieldError[] {
  const involved = involvedObject?.namespace ?? ''
  const own = metadata.namespace ?? ''
  const fits = involved === '' ? own === '' || own === 'default' : own === involved
  return fits ? [] : [mismatch(involved)]
}

const limits = [
  ['reportingInstance', 128],
  ['action', 128],
  ['reason', 128],
  ['message', 1024],
] as const

function validateNewEvent(event: CoreV1Event): FieldError[] {
  const errors: FieldError[] = []
  const involved = event.involvedObject?.namespace ?? ''
  if (
    involved === '' &&
    event.metadata.namespace !== 'default' &&
    event.metadata.namespace !== 'kube-system'
  ) {
    errors.push(mismatch(involved))
  }
  const controller = event.reportingComponent ?? ''
  if (controller === '') errors.push(required('reportingController'))
  for (const problem of qualifiedName(controller)) {
    errors.push(invalidValue('reportingController', controller, problem))
  }
  for (const [field, limit] of limits) {
    const text = event[field] ?? ''
    if (text === '' && field !== 'message') errors.push(required(field))
    if (byteLength(text) > limit) {
      errors.push(invalidValue(field, '', `can have at most ${limit} characters`))
    }
  }
  return errors
}

const firstSeen = (event: CoreV1Event) => event.firstTimestamp ?? event.eventTime

const lastSeen = (event: CoreV1Event) =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event)

function formatObject({ involvedObject }: CoreV1Event): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase()
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind
}

function formatSource({ source, reportingComponent, reportingInstance }: CoreV1Event): string {
  const component = source?.component || reportingComponent || ''
  const instance = source?.host || reportingInstance || ''
  return instance === '' ? component : `${component}, ${instance}`
}

/** Of a series one more than it counts: the event that came before it. */
function eventCount({ series, count }: CoreV1Event): number {
  return series ? (series.count ?? 0) + 1 : count || 1
}

const columns: Column<CoreV1Event>[] = [
  column('Last Seen', (event, nowMs) => ageSince(lastSeen(event), nowMs), { timeDependent: true }),
  column('Type', event => event.type ?? ''),
  column('Reason', event => event.reason ?? ''),
  column('Object', formatObject),
  column('Subobject', event => event.involvedObject?.fieldPath ?? '', { wide: true }),
  column('Source', formatSource, { wide: true }),
  column('Message', event => (event.message ?? '').trim()),
  column('First Seen', (event, nowMs) => ageSince(firstSeen(event), nowMs), {
    wide: true,
    timeDependent: true,
  }),
  column('Count', eventCount, { wide: true }),
  { ...nameColumn, priority: 1 },
]

export const events = defineResource<CoreV1Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  shortNames: ['ev'],
  namespaced: true,
  allowCreateOnUpdate: true,
  columns,
  selectableFields: {
    'involvedObject.kind': event => event.involvedObject?.kind ?? '',
    'involvedObject.namespace': event => event.involvedObject?.namespace ?? '',
    'involvedObject.name': event => event.involvedObject?.name ?? '',
    'involvedObject.uid': event => event.involvedObject?.uid ?? '',
    'involvedObject.apiVersion': event => event.involvedObject?.apiVersion ?? '',
    'involvedObject.resourceVersion': event => event.involvedObject?.resourceVersion ?? '',
    'involvedObject.fieldPath': event => event.involvedObject?.fieldPath ?? '',
    reason: event => event.reason ?? '',
    reportingComponent: event => event.reportingComponent ?? '',
    source: event => event.source?.component || event.reportingComponent || '',
    type: event => event.type ?? '',
  },
  default: defaultEvent,
  validate: validateEvent,
})
