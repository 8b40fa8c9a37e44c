// How long real containers take: one Pod from its creation to Ready, and a Deployment of 50 on one node until
// all are available. The image has to be on the nodes. Prints one JSON line, for bench.ts.
import { performance } from 'node:perf_hooks'
import type { Deployment, Node, Pod } from '../src/api/generated/types.ts'
import { isConditionTrue } from '../src/api/meta/conditions.ts'
import { deployments } from '../src/api/resources/apps/deployment.ts'
import { namespaces } from '../src/api/resources/core/namespace.ts'
import { nodes } from '../src/api/resources/core/node.ts'
import { pods } from '../src/api/resources/core/pod.ts'
import { Client } from '../src/client/client.ts'
import { clientConfig, loadKubeconfig } from '../src/client/kubeconfig.ts'
import { httpsTransport } from '../src/client/transport.ts'
import { waitForObject } from '../src/client/waitfor.ts'
import { keepAlive, systemClock } from '../src/component/clock.ts'

const image = 'docker.io/library/busybox:latest'
const namespace = 'futago-bench-pods'
const rounds = 7
const replicas = 50
const timeoutMs = 180_000

export interface PodFigures {
  readonly onePodMs: number
  readonly fiftyPodsMs: number
}

const container = { name: 'c', image, command: ['sleep', '100000'], imagePullPolicy: 'IfNotPresent' }
const isReady = (pod: Pod | undefined) => isConditionTrue(pod?.status?.conditions, 'Ready')

async function onePod(client: Client, { node, round }: { node: string; round: number }): Promise<number> {
  const name = `one-${round}`
  const spec = { nodeName: node, terminationGracePeriodSeconds: 0, containers: [container] }
  const began = performance.now()
  await client.create(pods, { metadata: { namespace, name }, spec })
  await waitForObject({
    client,
    clock: systemClock,
    resource: pods,
    namespace,
    name,
    until: isReady,
    timeoutMs,
  })
  const took = performance.now() - began
  await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 })
  return took
}

async function manyPods(client: Client, node: string): Promise<number> {
  const name = 'many'
  const labels = { app: name }
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': node },
    terminationGracePeriodSeconds: 0,
    containers: [container],
  }
  const deployment: Deployment = {
    metadata: { namespace, name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  }
  const began = performance.now()
  await client.create(deployments, deployment)
  const until = (current: Deployment | undefined) => current?.status?.availableReplicas === replicas
  await waitForObject({
    client,
    clock: systemClock,
    resource: deployments,
    namespace,
    name,
    until,
    timeoutMs,
  })
  return performance.now() - began
}

const firstNode = async (client: Client): Promise<string> => {
  const { items } = await client.list<Node>(nodes)
  return items.map(({ metadata }) => metadata.name ?? '').sort()[0] ?? ''
}

async function measure(kubeconfig: string): Promise<PodFigures> {
  const transport = httpsTransport(await clientConfig(await loadKubeconfig([kubeconfig])))
  const client = new Client(transport)
  const node = await firstNode(client)
  await client.create(namespaces, { metadata: { name: namespace } })
  try {
    await client.list(pods, { namespace })
    await systemClock.sleep(2000) // The namespace's account and its ConfigMap come first.
    const times: number[] = []
    for (let round = 0; round < rounds; round++) times.push(await onePod(client, { node, round }))
    const fiftyPodsMs = await manyPods(client, node)
    const onePodMs = times.sort((a, b) => a - b)[rounds >> 1]!
    return { onePodMs: Math.round(onePodMs), fiftyPodsMs: Math.round(fiftyPodsMs) }
  } finally {
    await client.delete(namespaces, { name: namespace })
    const gone = (object: unknown) => object === undefined
    await waitForObject({
      client,
      clock: systemClock,
      resource: namespaces,
      name: namespace,
      until: gone,
      timeoutMs,
    })
    transport.close()
  }
}

const [kubeconfig] = process.argv.slice(2)
if (kubeconfig) {
  const figures = await keepAlive(() => measure(kubeconfig))
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
