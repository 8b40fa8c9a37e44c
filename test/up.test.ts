// The command line as a person uses it: start, stop, start again, two at once, and what can go wrong.
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { futago, newHome, TestedCluster } from './futago.ts'

const started: TestedCluster[] = []
async function up(flags: readonly string[], home?: string): Promise<TestedCluster> {
  const cluster = await TestedCluster.up(flags, home)
  started.push(cluster)
  return cluster
}

afterEach(async () => {
  for (const cluster of started.splice(0)) await cluster.remove()
})

describe('futago up', () => {
  test('prints one line when it is ready, and every node is Ready then', async () => {
    const cluster = await up(['--nodes', '3'])
    expect(cluster.readyLine).toMatch(/^ready in \d+ ms {2}kubeconfig: \S+$/)
    const nodes = await cluster.print('kubectl get nodes --no-headers')
    expect(
      nodes
        .trim()
        .split('\n')
        .map(line => line.split(/ +/).slice(0, 2)),
    ).toEqual([
      ['node1', 'Ready'],
      ['node2', 'Ready'],
      ['node3', 'Ready'],
    ])
    expect(cluster.stderr.text).toBe('')
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it cleanly: exit code 0, nothing said, nobody left',
    async signal => {
      const cluster = await up([])
      expect(await cluster.stop(signal)).toBe(0)
      expect(cluster.stderr.text).toBe('')
      expect((await futago(['status'], cluster.home)).stdout).toMatch(/default +Stopped/)
    },
  )

  test('continues where it was on the same store, also after kill -9', async () => {
    const first = await up([])
    await first.print('kubectl create configmap kept --from-literal=a=b')
    await first.print('kubectl apply -f docs/examples/service-prefer-dual-stack.yaml')
    const addresses = await first.print('kubectl get svc my-service -o jsonpath={.spec.clusterIPs}')
    await first.stop('SIGKILL')
    const second = await up([], first.home)
    expect(await second.print('kubectl get configmap kept -o jsonpath={.data.a}')).toBe('b')
    expect(await second.print('kubectl get svc my-service -o jsonpath={.spec.clusterIPs}')).toBe(addresses)
    const other = await second.print(
      'kubectl create service clusterip other --tcp=80 -o jsonpath={.spec.clusterIP}',
    )
    expect(addresses).not.toContain(`"${other}"`)
  })

  test('Pods go on running after a restart, with their addresses', async () => {
    const first = await up([])
    await first.print('kubectl apply -f docs/examples/pod01.yaml')
    await first.print('kubectl wait --for=condition=Ready pod/pod01 --timeout=120s')
    const addresses = await first.print('kubectl get pod pod01 -o jsonpath={.status.podIPs[*].ip}')
    await first.stop()
    const second = await up([], first.home)
    expect(await second.print('kubectl get pod pod01 -o jsonpath={.status.podIPs[*].ip}')).toBe(addresses)
    expect(await second.print('kubectl exec pod01 -- cat /etc/hosts')).toContain(addresses.split(' ')[1]!)
  })

  test('two clusters run side by side under two names', async () => {
    const home = newHome()
    const a = await up(['--name', 'a', '--store', 'memory'], home)
    const b = await up(['--name', 'b', '--store', 'memory', '--ip-families', 'IPv6,IPv4'], home)
    await a.print('kubectl create namespace only-a')
    expect(await b.print('kubectl get namespaces -o name')).not.toContain('only-a')
    const { stdout } = await futago(['status'], home)
    expect(stdout).toMatch(/a +Running +https:\/\/127\.0\.0\.1:\d+ +1 +IPv4,IPv6/)
    expect(stdout).toMatch(/b +Running +https:\/\/\[::1\]:\d+ +1 +IPv6,IPv4/)
  })

  test('--detach returns when it is ready, and down ends it', async () => {
    const home = newHome()
    const detached = await futago(['up', '--detach', '--runtime', 'simulated', '--secure-port', '0'], home)
    expect(detached.stderr).toBe('')
    expect(detached.stdout).toMatch(/^ready in \d+ ms {2}kubeconfig: /)
    const again = await futago(['up', '--detach', '--runtime', 'simulated', '--secure-port', '0'], home)
    expect([again.exitCode, again.stderr]).toEqual([
      2,
      expect.stringContaining('Cannot start cluster default: process'),
    ])
    expect((await futago(['down', '--delete'], home)).stdout).toBe('cluster default: stopped, deleted\n')
    expect(readdirSync(home)).toEqual([])
  })
})

describe('futago up says in one line what is wrong', () => {
  const refused = async (flags: readonly string[]) => {
    const home = newHome()
    const { exitCode, stderr } = await futago(['up', '--runtime', 'simulated', ...flags], home)
    expect(exitCode).toBeGreaterThan(0)
    expect(existsSync(`${home}/default/running.json`)).toBe(false)
    return stderr.trim()
  }

  test('about a port that is taken', async () => {
    const blocker = createServer().listen(0, '::')
    await once(blocker, 'listening')
    const { port } = blocker.address() as AddressInfo
    expect(await refused(['--secure-port', String(port)])).toBe(
      `futago: Cannot listen on [::]:${port}: the port is taken, expected another one: --secure-port 0 takes any that is free`,
    )
    blocker.close()
  })

  test('about an address that this host does not have', async () => {
    expect(await refused(['--bind-address', '192.0.2.1'])).toMatch(
      /^futago: Cannot listen on 192\.0\.2\.1:6443: .*$/,
    )
  })

  test('about ranges that overlap or are of the wrong family', async () => {
    expect(await refused(['--cluster-cidr', '10.96.0.0/12,fd00:10:244::/56'])).toContain('it overlaps')
    expect(await refused(['--ip-families', 'IPv6', '--service-cluster-ip-range', '10.96.0.0/16'])).toBe(
      'futago: Cannot use --service-cluster-ip-range 10.96.0.0/16: its families are IPv4, expected IPv6 in this order (--ip-families)',
    )
  })

  test('about a flag that does not exist', async () => {
    expect(await refused(['--node', '3'])).toContain("unknown option '--node'")
  })
})
