// RoleBinding: who has a role in a namespace.
import type { RoleBinding } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { bindingColumns, defaultBinding, group, validateBinding, validateBindingUpdate } from './binding.ts'

export const roleBindings = defineResource<RoleBinding>({
  group,
  version: 'v1',
  kind: 'RoleBinding',
  resource: 'rolebindings',
  namespaced: true,
  allowCreateOnUpdate: true,
  nameRule: 'pathSegment',
  columns: bindingColumns,
  default: defaultBinding,
  validate: binding => validateBinding(binding, ['Role', 'ClusterRole']),
  validateUpdate: validateBindingUpdate,
})
