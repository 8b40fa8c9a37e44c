// Whole clusters with real containers: both families and their order, every part killed, two side by side,
// and nothing left on the host at the end.
import { existsSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { familyOf, familyOrders } from '../src/ip/family.ts'
import { clusterNeeds, hostTraces, killOnNode, upWithContainers, webDeployment } from './containercluster.ts'
import { eventually } from './eventually.ts'
import { futago, newHome, type TestedCluster } from './futago.ts'
import { startMachine } from './machine.ts'
import { whyNot } from './needs.ts'

const reason = whyNot(clusterNeeds)
const clusters: TestedCluster[] = []

async function up(flags: readonly string[] = [], home = newHome()): Promise<TestedCluster> {
  const cluster = await upWithContainers(flags, home)
  clusters.push(cluster)
  return cluster
}

interface PodSummary {
  readonly name: string
  readonly node: string
  readonly ips: readonly string[]
  readonly ready: boolean
  readonly restarts: number
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
    readonly spec: { readonly nodeName: string }
    readonly status: {
      readonly podIPs?: readonly { readonly ip: string }[]
      readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number }[]
    }
  }[]
}

async function pods(cluster: TestedCluster): Promise<PodSummary[]> {
  const { items } = JSON.parse(await cluster.print('kubectl get pods -o json')) as PodList
  return items
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName,
      ips: (status.podIPs ?? []).map(({ ip }) => ip),
      ready: status.containerStatuses?.every(({ ready }) => ready) ?? false,
      restarts: status.containerStatuses?.reduce((sum, { restartCount }) => sum + restartCount, 0) ?? 0,
    }))
    .sort((a, b) => a.node.localeCompare(b.node))
}

async function deploy(cluster: TestedCluster, replicas = 2): Promise<PodSummary[]> {
  await cluster.print('kubectl apply -f -', '1.34', webDeployment(replicas))
  return eventually(
    () => pods(cluster),
    found => found.length === replicas && found.every(({ ready }) => ready),
  )
}

/** What a Pod serves at an address, asked from another Pod: nothing while it does not serve yet. */
const ask = (cluster: TestedCluster, from: string, address: string, port = 8080) =>
  cluster.print(
    `kubectl exec ${from} -- sh -c 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 10 ${address} ${port} | tail -n 1'`,
  )

/** What it serves there once it does: a container that has been started may not listen yet. */
const answer = (cluster: TestedCluster, from: string, address: string, port = 8080) =>
  eventually(
    () => ask(cluster, from, address, port),
    text => text !== '',
  )

const title = `clusters with containers${reason ? ` (skipped: ${reason})` : ''}`

describe.skipIf(reason !== undefined)(title, () => {
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) {
      await cluster.stop()
      await futago(['down'], cluster.home)
      expect(await hostTraces(cluster.home)).toEqual([])
      await cluster.remove()
    }
  })

  test.each(familyOrders.map(order => [order.join(',')]))(
    'with %s Pods have their addresses in this order, and reach each other and Services over each',
    async families => {
      const cluster = await up(['--ip-families', families])
      const [first, second] = await deploy(cluster)
      for (const { ips } of [first!, second!]) expect(ips.map(familyOf).join()).toBe(families)
      for (const ip of second!.ips) expect(await answer(cluster, first!.name, ip)).toBe(`${second!.name}\n`)
      await cluster.print('kubectl create service clusterip web --tcp=80:8080')
      await cluster.print(
        `kubectl patch service web -p '{"spec":{"ipFamilyPolicy":"PreferDualStack"}}' --type merge`,
      )
      const clusterIPs = JSON.parse(
        await cluster.print("kubectl get service web -o jsonpath='{.spec.clusterIPs}'"),
      )
      expect(clusterIPs.map(familyOf).join()).toBe(families)
      for (const ip of clusterIPs) {
        const text = await answer(cluster, first!.name, ip, 80)
        expect([first!.name, second!.name]).toContain(text.trim())
      }
      const nodes = JSON.parse(await cluster.print('kubectl get nodes -o json')) as {
        items: { status: { addresses: { type: string; address: string }[] } }[]
      }
      for (const { status } of nodes.items) {
        const own = status.addresses.filter(({ type }) => type === 'InternalIP')
        expect(own.map(({ address }) => familyOf(address)).join()).toBe(families)
      }
      expect(await cluster.stop('SIGINT')).toBe(0)
      expect(await hostTraces(cluster.home)).toEqual([])
    },
  )

  test('Pods outlive the process of their node and its containerd, and come back after all else', async () => {
    const cluster = await up()
    const before = await deploy(cluster)
    const asked = async () => {
      const [first, second] = await pods(cluster)
      return ask(cluster, first!.name, second!.ips[1]!)
    }
    const settled = (restarts: (pod: PodSummary) => boolean) =>
      eventually(
        () => pods(cluster),
        found => found.length === 2 && found.every(pod => pod.ready && restarts(pod)),
      )

    expect(killOnNode(cluster.home, 'node1', /node run --config/)).toBeGreaterThan(0)
    await eventually(asked, text => text === `${before[1]!.name}\n`)
    expect(await settled(({ restarts }) => restarts === 0)).toEqual(before)

    expect(killOnNode(cluster.home, 'node1', /^containerd --config/)).toBe(1)
    await eventually(asked, text => text === `${before[1]!.name}\n`)
    expect(await settled(({ restarts }) => restarts === 0)).toEqual(before)

    expect(killOnNode(cluster.home, 'node1', /containerd-shim/)).toBeGreaterThan(0)
    await settled(({ node, restarts }) => node === 'node2' || restarts > 0)
    await eventually(asked, text => text === `${before[1]!.name}\n`)

    const [{ restarts }] = (await pods(cluster)) as [PodSummary]
    expect(killOnNode(cluster.home, 'node1', /^\S+\/nodes\/node1\/init$/)).toBe(1)
    await settled(pod => pod.node === 'node2' || pod.restarts > restarts)
    await eventually(asked, text => text === `${before[1]!.name}\n`)
  })

  test('after a kill -9 of the cluster the next start takes over, and down removes what is left', async () => {
    const first = await up()
    await deploy(first)
    await first.stop('SIGKILL')
    expect(await hostTraces(first.home)).not.toEqual([])
    const second = await up([], first.home)
    const running = await eventually(
      () => pods(second),
      found => found.length === 2 && found.every(({ ready, restarts }) => ready && restarts > 0),
    )
    const [one, two] = running
    expect(await answer(second, one!.name, two!.ips[1]!)).toBe(`${two!.name}\n`)
    await second.stop('SIGKILL')
    expect((await futago(['down'], second.home)).stdout).toBe(
      'cluster default: was not running, its nodes removed\n',
    )
    expect(await hostTraces(second.home)).toEqual([])
    expect(existsSync(`${second.home}/default/nodes/node1`)).toBe(true)
  })

  test('two clusters have ranges of their own and do not disturb each other', async () => {
    const first = await up()
    const second = await up()
    const pairs = [await deploy(first), await deploy(second)]
    const ips = pairs.flat().flatMap(pod => pod.ips)
    expect(new Set(ips).size).toBe(8)
    expect(second.stderr.text).toContain('--cluster-cidr is ')
    await first.stop()
    const [one, two] = pairs[1]!
    for (const ip of two!.ips) expect(await answer(second, one!.name, ip)).toBe(`${two!.name}\n`)
  })

  test('a node on another machine joins, serves over both families, and leaves nothing there', async () => {
    const cluster = await up(['--nodes', '1'])
    const machine = await startMachine()
    try {
      const invitation = `${cluster.home}/far.kubeconfig`
      const addresses = machine.addresses.join(',')
      const invited = await futago(['node', 'invite', 'far', '--node-ip', addresses], cluster.home)
      expect(invited.stderr).toBe('')
      writeFileSync(invitation, invited.stdout, { mode: 0o600 })
      const home = newHome()
      const joined = await machine.join(home, invitation)
      expect(joined.line).toBe('node far is ready')
      const fields = '{.spec.signerName} {.spec.username} {.status.conditions[*].type}{"\\n"}'
      const requests = await cluster.print(`kubectl get csr -o jsonpath='{range .items[*]}${fields}{end}'`)
      expect(requests.trim().split('\n').sort()).toEqual([
        expect.stringMatching(
          /^kubernetes.io\/kube-apiserver-client-kubelet system:bootstrap:[a-z0-9]{6} Approved$/,
        ),
        'kubernetes.io/kubelet-serving system:node:far Approved',
      ])
      await machine.loadImage(home, `${cluster.home}/busybox.tar`)
      const running = await deploy(cluster)
      expect(running.map(({ node }) => node)).toEqual(['far', 'node1'])
      const [far, near] = running
      for (const ip of near!.ips) expect(await answer(cluster, far!.name, ip)).toBe(`${near!.name}\n`)
      for (const ip of far!.ips) expect(await answer(cluster, near!.name, ip)).toBe(`${far!.name}\n`)
      expect(await joined.leave()).toBe(0)
      expect(await machine.state()).toEqual(machine.fresh)
    } finally {
      await machine.remove()
    }
  })
})
