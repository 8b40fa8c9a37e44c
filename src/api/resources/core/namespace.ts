// Namespace: a scope for names. It carries its own name as a label (KEP-2161) and goes away in two steps:
// its finalizers are kept in the spec and taken off through the `finalize` subresource when it is empty.
import { type FieldError, invalidValue } from '../../fields.ts'
import type { Namespace } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { qualifiedName } from '../../meta/names.ts'
import { finalizerNameText, isFinalizerName } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const nameLabel = 'kubernetes.io/metadata.name'

function setNameLabel({ metadata }: Namespace): void {
  if (!metadata.name) return
  metadata.labels ??= {}
  metadata.labels[nameLabel] = metadata.name
}

function validateNamespace({ spec }: Namespace): FieldError[] {
  const errors: FieldError[] = []
  for (const finalizer of spec?.finalizers ?? []) {
    const problems = [...qualifiedName(finalizer)]
    if (!isFinalizerName(finalizer)) problems.push(finalizerNameText)
    for (const problem of problems) errors.push(invalidValue('spec.finalizers', finalizer, problem))
  }
  return errors
}

export const namespaces = defineResource<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  nameRule: 'dns1123Label',
  hasStatus: true,
  subresources: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  columns: [
    nameColumn,
    column('Status', ({ status }) => status?.phase ?? '', { description: 'The status of the namespace' }),
    ageColumn,
  ],
  selectableFields: {
    'status.phase': ({ status }) => status?.phase ?? '',
    name: ({ metadata }) => metadata.name ?? '',
  },
  default(namespace) {
    setNameLabel(namespace)
    namespace.spec ??= {}
    namespace.status ??= {}
    namespace.status.phase ||= 'Active'
  },
  prepareForCreate(namespace) {
    setNameLabel(namespace)
    namespace.status = { phase: 'Active' }
    const finalizers = namespace.spec?.finalizers ?? []
    const spec = { ...namespace.spec }
    spec.finalizers = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes']
    namespace.spec = spec
  },
  prepareForUpdate(namespace, previous) {
    namespace.spec = { ...namespace.spec, finalizers: previous.spec?.finalizers }
    if (namespace.spec.finalizers === undefined) delete namespace.spec.finalizers
  },
  validate: validateNamespace,
  validateStatusUpdate({ metadata, status }) {
    const phase = status?.phase ?? ''
    const dying = metadata.deletionTimestamp !== undefined
    if (phase === (dying ? 'Terminating' : 'Active')) return []
    const detail = dying
      ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
      : "may only be 'Active' if `deletionTimestamp` is empty"
    return [invalidValue('status.Phase', phase, detail)]
  },
})
