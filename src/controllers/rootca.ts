// Publishes the certificate authority of the API server into every namespace, as the ConfigMap that Pods
// mount: kube-controller-manager's root-ca-certificate-publisher.
import type { ConfigMap } from '../api/generated/types.ts'
import { isAlreadyExists, isNotFound } from '../api/status.ts'
import { defineController, onChange } from './controller.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { configMaps, namespaces } from './resources.ts'
import { sameValue } from './samevalue.ts'

const name = 'kube-root-ca.crt'
const fieldSelector = `metadata.name=${name}`
const annotations = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints ' +
    'such as the internal service IP or kubernetes.default.svc. ' +
    'No other usage is guaranteed across distributions of Kubernetes clusters.',
}

/** `certificate` is the authority in PEM. */
export function rootCAController({ certificate }: { readonly certificate: string }) {
  const data = { 'ca.crt': certificate }
  return defineController({
    name: 'root-ca-certificate-publisher-controller',
    for: namespaces,
    watches: [{ ...onChange(configMaps, ({ metadata }) => [metadata.namespace ?? '']), fieldSelector }],
    async reconcile({ metadata, status }, { client, cache }) {
      const namespace = metadata.name ?? ''
      if (metadata.deletionTimestamp || status?.phase === 'Terminating') return
      const current = cache.informer(configMaps, fieldSelector).get(`${namespace}/${name}`)
      if (sameValue(current?.data, data) && current?.metadata.annotations) return
      const wanted: ConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...(current?.metadata ?? { namespace, name }), annotations },
        data,
      }
      try {
        await (current ? client.update(configMaps, wanted) : client.create(configMaps, wanted))
      } catch (error) {
        if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error
      }
    },
  })
}
