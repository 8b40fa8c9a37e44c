// Lease: who holds something until when; nodes' heartbeats and leader election are Leases (KEP-589).
import { type FieldError, invalidValue } from '../../fields.ts'
import type { Lease } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { negativeText } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  namespaced: true,
  allowCreateOnUpdate: true,
  columns: [nameColumn, column('Holder', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
  default(lease) {
    lease.spec ??= {}
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec ?? {}
    if (duration !== undefined && duration <= 0) {
      errors.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
    }
    if (transitions !== undefined && transitions < 0) {
      errors.push(invalidValue('spec.leaseTransitions', transitions, negativeText))
    }
    return errors
  },
})
