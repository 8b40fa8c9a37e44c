// Breaks of what only a new Pod or a new load balancer shows.
import { type BreakCase, describeBreaks, type Loose, withoutV6 } from './breaks.fake.ts'

const swapInLog = (text: string) =>
  text.replace(/^podIPs=(.*)$/gm, (_, list: string) => `podIPs=${list.split(',').reverse().join()}`)
const probes = (change: (pod: Loose) => void) => (pod: Loose) =>
  pod.metadata?.namespace?.startsWith('futago-verify') && pod.status?.podIPs ? change(pod) : undefined

const probing: readonly BreakCase[] = [
  {
    name: 'a CNI plugin without IPv6 addresses',
    broken: {
      change: { pods: probes(withoutV6) },
      text: text => text.replace(/^(podIPs=[^,\n]*),.*$/gm, '$1'),
    },
    fails: ['POD-01'],
    reads: ['node1: 10.244.0.', 'host-local'],
  },
  {
    name: 'Pods with their addresses swapped',
    broken: {
      change: {
        pods: probes(({ status }) => {
          status.podIP = status.podIPs.reverse()[0].ip
        }),
      },
      text: swapInLog,
    },
    fails: ['POD-02'],
    reads: ['node1 (IPv4, IPv6): fd00:10:244::', '--node-ip'],
  },
  {
    name: "a node whose CNI configuration has another node's range",
    broken: {
      change: {
        pods: probes(({ status, spec }) => {
          if (spec.nodeName !== 'node2') return
          for (const each of status.podIPs) each.ip = each.ip.replace(/^10\.244\.1\./, '10.244.9.')
          status.podIP = status.podIPs[0].ip
        }),
      },
      text: text => text.replace(/^(podIPs=)?10\.244\.1\./gm, '$110.244.9.'),
    },
    fails: ['POD-03'],
    reads: ['node2: 10.244.9.', '/etc/cni/net.d'],
  },
  {
    name: 'a kubelet that tells Pods one address',
    broken: { text: text => text.replace(/^(podIPs=[^,\n]*),.*$/gm, '$1') },
    fails: ['POD-04'],
    reads: ['MY_POD_IPS=10.244.0.', 'Upgrade the kubelet'],
  },
]

const ingress = (change: (service: Loose) => void) => (service: Loose) =>
  service.metadata?.name?.startsWith('lb-') && service.status?.loadBalancer?.ingress
    ? change(service)
    : undefined

const balancing: readonly BreakCase[] = [
  {
    name: 'a load balancer that does not run',
    broken: { change: { services: ingress(({ status }) => void status.loadBalancer.ingress.splice(0)) } },
    fails: ['LB-01'],
    reads: ['PreferDualStack IPv6,IPv4: fd00:10:96::', 'EXTERNAL-IP <pending>', '--load-balancer-ip-range'],
  },
  {
    name: 'a load balancer that gives dual-stack Services one address',
    broken: {
      change: {
        services: ingress(({ status, metadata }) => {
          if (metadata.name.startsWith('lb-02-')) status.loadBalancer.ingress.splice(1)
        }),
      },
    },
    fails: ['LB-02'],
    reads: ['RequireDualStack: 172.21.0.', '--load-balancer-ip-range'],
  },
  {
    name: 'a load balancer that does not look at families',
    broken: {
      change: {
        services: ingress(({ status, metadata }) => {
          if (metadata.name.startsWith('lb-03-')) status.loadBalancer.ingress.push({ ip: 'fd00:172:21::99' })
        }),
      },
    },
    fails: ['LB-03'],
    reads: ['172.21.0.', 'does not look at ipFamilies'],
  },
]

describeBreaks(probing, { with: 'probes' })
describeBreaks(balancing, { with: 'loadBalancers', hurry: 60 })
