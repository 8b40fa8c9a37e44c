// Event of events.k8s.io/v1: the same stored objects as core Events, under the names of KEP-383.
import type { CoreV1Event, EventsV1Event } from '../../generated/types.ts'
import type { KubeObject } from '../../object.ts'
import { defineResource } from '../../resource.ts'
import { events as coreEvents } from '../core/event.ts'

/** This group's name -> core's. */
const names: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
}
const backwards = Object.fromEntries(Object.entries(names).map(([from, to]) => [to, from]))

function rename(object: KubeObject, by: Readonly<Record<string, string>>, apiVersion: string): KubeObject {
  const entries = Object.entries(object).map(([name, value]) => [by[name] ?? name, value] as const)
  return { ...(Object.fromEntries(entries) as unknown as KubeObject), apiVersion }
}

const toStored = (object: KubeObject) => rename(object, names, 'v1')
const fromStored = (object: KubeObject) => rename(object, backwards, 'events.k8s.io/v1')

/** Field selectors speak of the subject by its new name. */
const subjectFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']
const fieldNames = {
  ...Object.fromEntries(subjectFields.map(field => [`regarding.${field}`, `involvedObject.${field}`])),
  reportingController: 'reportingComponent',
}

export const eventsV1 = defineResource<EventsV1Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  shortNames: ['ev'],
  namespaced: true,
  allowCreateOnUpdate: true,
  columns: (coreEvents.columns ?? []).map(item => ({
    ...item,
    cell: (event: EventsV1Event, nowMs: number) => item.cell(toStored(event) as CoreV1Event, nowMs),
  })),
  selectableFields: Object.fromEntries(
    Object.entries(coreEvents.selectableFields ?? {}).map(([path, get]) => [
      path.replace('involvedObject', 'regarding').replace('reportingComponent', 'reportingController'),
      (event: EventsV1Event) => get(toStored(event) as CoreV1Event),
    ]),
  ),
  storedAs: { group: '', version: 'v1', resource: 'events', toStored, fromStored, fieldNames },
})
