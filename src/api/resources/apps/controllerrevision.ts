// ControllerRevision: one state of a StatefulSet's or DaemonSet's template, kept for rolling back.
import type { ControllerRevision } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { parseAPIVersion } from '../../object.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { nonNegative } from '../workloads.ts'

/** `daemonset.apps/web`. */
function formatController({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(reference => reference.controller)
  if (!owner) return '<none>'
  const { group } = parseAPIVersion(owner.apiVersion)
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`
}

export const controllerRevisions = defineResource<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  namespaced: true,
  columns: [
    nameColumn,
    column('Controller', formatController),
    column('Revision', revision => revision.revision),
    ageColumn,
  ],
  validate: ({ revision }) => nonNegative(revision, 'revision'),
  validateUpdate: ({ data }, previous) => immutable(data, previous.data, 'data'),
})
