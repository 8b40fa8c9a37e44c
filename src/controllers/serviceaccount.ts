// Gives every namespace its ServiceAccount `default`: kube-controller-manager's serviceaccount-controller.
import { isAlreadyExists } from '../api/status.ts'
import { defineController, onChange } from './controller.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { namespaces, serviceAccounts } from './resources.ts'

export const serviceAccountController = defineController({
  name: 'serviceaccount-controller',
  for: namespaces,
  watches: [
    onChange(serviceAccounts, ({ metadata }) =>
      metadata.name === 'default' ? [metadata.namespace ?? ''] : [],
    ),
  ],
  async reconcile({ metadata, status }, { client, cache }) {
    const namespace = metadata.name ?? ''
    if (metadata.deletionTimestamp || status?.phase === 'Terminating') return
    if (cache.get(serviceAccounts, { namespace, name: 'default' })) return
    try {
      await client.create(serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace, name: 'default' },
      })
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error
    }
  },
})
