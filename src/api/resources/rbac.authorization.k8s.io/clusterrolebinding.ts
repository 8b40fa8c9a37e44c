// ClusterRoleBinding: who has a role everywhere.
import type { ClusterRoleBinding } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { bindingColumns, defaultBinding, group, validateBinding, validateBindingUpdate } from './binding.ts'

export const clusterRoleBindings = defineResource<ClusterRoleBinding>({
  group,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  resource: 'clusterrolebindings',
  namespaced: false,
  allowCreateOnUpdate: true,
  nameRule: 'pathSegment',
  columns: bindingColumns,
  default: defaultBinding,
  validate: binding => validateBinding(binding, ['ClusterRole']),
  validateUpdate: validateBindingUpdate,
})
