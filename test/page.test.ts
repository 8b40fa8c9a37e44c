// The page "Validate IPv4/IPv6 dual-stack", every command of it, with real kubectls, on every order of
// families.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { familyOf, familyOrders } from '../src/ip/family.ts'
import { TestedCluster } from './futago.ts'
import { kubectlVersions, missingKubectl } from './kubectl.ts'

const lines = (text: string) => text.trim().split('\n')
const familiesOf = (addresses: readonly string[]) =>
  addresses.map(address => familyOf(address.replace(/\/.*/, '')))
const template = (text: string) => `-o go-template --template='${text}'`

describe.each(familyOrders.map(order => ({ order, name: order.join(',') })))(
  'on a cluster of $name',
  ({ order }) => {
    let cluster: TestedCluster
    beforeAll(async () => {
      cluster = await TestedCluster.up(['--store', 'memory', '--ip-families', order.join(',')])
    })
    afterAll(() => cluster?.remove())

    describe.each(kubectlVersions)('with kubectl %s', version => {
      const missing = missingKubectl(version)
      /** What does not concern a cluster of these families is no test of it. */
      const testWhere = (applies: boolean) => (applies ? test.skipIf(missing) : () => undefined)
      const kubectl = (command: string) => cluster.print(`kubectl ${command}`, version)
      const service = async () => JSON.parse(await kubectl('get svc my-service -o json')).spec

      beforeAll(async () => {
        if (missing) return
        await kubectl('apply -f docs/examples/pod01.yaml')
        await kubectl('wait --for=condition=Ready pod/pod01 --timeout=120s')
      })
      afterAll(async () => {
        if (!missing) await kubectl('delete pod pod01 --now')
      })

      test.skipIf(missing)('a node has one block of Pod addresses per family', async () => {
        const command = `get nodes node1 ${template('{{range .spec.podCIDRs}}{{printf "%s\\n" .}}{{end}}')}`
        expect(familiesOf(lines(await kubectl(command)))).toEqual(order)
      })

      test.skipIf(missing)('a node has one InternalIP per family', async () => {
        const each = '{{range .status.addresses}}{{printf "%s: %s\\n" .type .address}}{{end}}'
        const addresses = lines(await kubectl(`get nodes node1 ${template(each)}`))
        expect(addresses).toContain('Hostname: node1')
        const internal = addresses.filter(line => line.startsWith('InternalIP: '))
        expect(familiesOf(internal.map(line => line.slice('InternalIP: '.length)))).toEqual(order)
      })

      test.skipIf(missing)('a Pod has one address per family', async () => {
        const each = '{{range .status.podIPs}}{{printf "%s\\n" .ip}}{{end}}'
        expect(familiesOf(lines(await kubectl(`get pods pod01 ${template(each)}`)))).toEqual(order)
      })

      test.skipIf(missing)('the Pod sees its addresses in its environment and in /etc/hosts', async () => {
        const each = '{{range .status.podIPs}}{{printf "%s\\n" .ip}}{{end}}'
        const addresses = lines(await kubectl(`get pods pod01 ${template(each)}`))
        expect(await kubectl('exec -it pod01 -- set | grep MY_POD_IPS')).toContain(
          `MY_POD_IPS=${addresses.join(',')}\n`,
        )
        const hosts = lines(await kubectl('exec -it pod01 -- cat /etc/hosts'))
        expect(hosts).toEqual([
          '# Kubernetes-managed hosts file.',
          '127.0.0.1\tlocalhost',
          '::1\tlocalhost ip6-localhost ip6-loopback',
          'fe00::0\tip6-localnet',
          'fe00::0\tip6-mcastprefix',
          'fe00::1\tip6-allnodes',
          'fe00::2\tip6-allrouters',
          ...addresses.map(address => `${address}\tpod01`),
        ])
      })

      async function withService(example: string, check: () => Promise<void>) {
        await kubectl(`apply -f docs/examples/${example}.yaml`)
        try {
          await check()
        } finally {
          await kubectl('delete svc my-service')
        }
      }

      test.skipIf(missing)('a Service that says nothing is single-stack in the first family', () =>
        withService('service-default', async () => {
          const spec = await service()
          expect(spec).toMatchObject({
            ipFamilyPolicy: 'SingleStack',
            ipFamilies: [order[0]],
            type: 'ClusterIP',
          })
          expect(familiesOf(spec.clusterIPs)).toEqual([order[0]])
          expect(spec.clusterIP).toBe(spec.clusterIPs[0])
          expect(spec.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }])
        }),
      )

      testWhere(order.includes('IPv6'))('a Service with ipFamilies [IPv6] gets an IPv6 address', () =>
        withService('service-ipv6', async () => {
          const spec = await service()
          expect(spec).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] })
          expect(familiesOf(spec.clusterIPs)).toEqual(['IPv6'])
        }),
      )

      testWhere(!order.includes('IPv6'))(
        'without IPv6 a Service with ipFamilies [IPv6] is refused',
        async () => {
          const { exitCode, stderr } = await cluster.shell(
            'kubectl apply -f docs/examples/service-ipv6.yaml',
            version,
          )
          expect(exitCode).toBe(1)
          expect(stderr).toContain(
            'The Service "my-service" is invalid: spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
          )
        },
      )

      test.skipIf(missing)('a PreferDualStack Service gets an address of each family there is', () =>
        withService('service-prefer-dual-stack', async () => {
          const text = await kubectl('describe svc -l app=MyApp')
          expect(text).toMatch(/^IP Family Policy: +PreferDualStack$/m)
          expect(text).toMatch(new RegExp(`^IP Families: +${order.join(',')}$`, 'm'))
          const addresses = /^IPs: +(.*)$/m.exec(text)![1]!.split(',')
          expect(familiesOf(addresses)).toEqual(order)
          expect(/^IP: +(.*)$/m.exec(text)![1]).toBe(addresses[0])
        }),
      )

      testWhere(order.includes('IPv6'))('a dual-stack LoadBalancer that prefers IPv6 is IPv6 first', () =>
        withService('service-load-balancer', async () => {
          await expect
            .poll(
              async () =>
                (await kubectl('get svc my-service -o jsonpath={.status.loadBalancer.ingress[*].ip}')) !== '',
            )
            .toBe(true)
          const [, row] = lines(await kubectl('get svc -l app=MyApp'))
          const [name, type, clusterIP, externalIP, ports] = row!.split(/ +/)
          expect([name, type]).toEqual(['my-service', 'LoadBalancer'])
          expect(ports).toMatch(/^80:3\d{4}\/TCP$/)
          expect(familiesOf([clusterIP!])).toEqual(['IPv6'])
          // kubectl's table sorts them as text; the status has the Service's order.
          const external = await kubectl(
            'get svc my-service -o jsonpath={.status.loadBalancer.ingress[*].ip}',
          )
          expect(familiesOf(external.split(' '))).toEqual(order.length === 2 ? ['IPv6', 'IPv4'] : order)
          expect(externalIP!.split(',')).toEqual(external.split(' ').sort())
        }),
      )
    })
  },
)
