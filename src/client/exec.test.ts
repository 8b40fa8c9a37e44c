// Commands in Pods, over each protocol, through a real API server to a simulated kubelet.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pods } from '../api/resources/core/pod.ts'
import { StatusError } from '../api/status.ts'
import { type Cluster, startCluster } from '../cluster/cluster.ts'
import { systemClock } from '../component/clock.ts'
import { execInPod, execProtocols } from './exec.ts'
import { clientConfig, parseKubeconfig } from './kubeconfig.ts'
import { type ClosableTransport, httpsTransport } from './transport.ts'
import { waitForObject } from './waitfor.ts'

let cluster: Cluster
let transport: ClosableTransport

beforeAll(async () => {
  const stateRoot = mkdtempSync(join(tmpdir(), 'exec-'))
  cluster = await startCluster({ store: 'memory', securePort: 0, nodes: 1 }, { stateRoot })
  transport = httpsTransport(await clientConfig(await parseKubeconfig(cluster.kubeconfig)))
  await cluster.client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1000'] }] },
  })
  await waitForObject({
    client: cluster.client,
    clock: systemClock,
    resource: pods,
    namespace: 'default',
    name: 'p',
    until: pod => pod?.status?.phase === 'Running',
    timeoutMs: 60_000,
  })
})

afterAll(async () => {
  transport.close()
  await cluster.stop()
})

const target = { namespace: 'default', pod: 'p', container: 'c' }

test.each(execProtocols)('%s: its output comes back, and its failure', async protocol => {
  const command = ['sh', '-c', 'echo hello; echo world']
  expect(await execInPod(transport, { ...target, command, protocol })).toBe('hello\nworld\n')
  const failing = execInPod(transport, { ...target, command: ['sh', '-c', 'exit 3'], protocol })
  await expect(failing).rejects.toThrow(StatusError)
  await expect(failing).rejects.toThrow('exit status 3')
})

test.each(execProtocols)('%s: long output comes whole', async protocol => {
  const command = [
    'sh',
    '-c',
    's=0123456789; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do s=$s$s; done; echo $s',
  ]
  expect((await execInPod(transport, { ...target, command, protocol })).length).toBe(81_921)
})

test.each(execProtocols)('%s: a Pod that is not there is the StatusError of the server', async protocol => {
  const asking = execInPod(transport, { ...target, pod: 'none', command: ['true'], protocol })
  await expect(asking).rejects.toThrow('pods "none" not found')
})
