// Nodes of a cluster with several API servers, each of which has the kubelets of its own simulated nodes in
// its process: for the nodes of another one it asks that server, for those that run containers the kubelet.
import type { KubeletConnector } from '../api/kubeletapi.ts'
import { nodes } from '../api/resources/core/node.ts'
import type { IPFamilies } from '../ip/family.ts'
import { connectRemoteKubelets } from '../kubelet/remoteconnection.ts'
import { servedByAnnotation } from '../kubelet/servedby.ts'
import type { SimulatedNodes } from '../kubelet/simulatednodes.ts'
import type { ClusterNodes, NodesContext } from './nodes.ts'

interface PeersContext extends NodesContext {
  readonly sharedAt: string
  readonly families: IPFamilies
}

/** The same nodes, with a way to those of others. */
export function connectPeers(own: SimulatedNodes, context: PeersContext): ClusterNodes {
  const { informers, pki, sharedAt, families } = context
  let remote: KubeletConnector | undefined
  const connectRemote = () =>
    connectRemoteKubelets({
      credentials: pki.kubeletClient,
      ca: pki.authority.certificate,
      families,
      node(name) {
        const node = informers.of(nodes).get(name)
        // Its process was this one, and has it no longer.
        return node?.metadata.annotations?.[servedByAnnotation] === sharedAt ? undefined : node
      },
    })
  return {
    name: own.name,
    ready: own.ready,
    start: () => own.start(),
    stop: () => own.stop(),
    connect(name) {
      if (own.has(name)) return own.connect(name)
      remote ??= connectRemote()
      return remote(name)
    },
  }
}
