import { expect, test } from 'vitest'
import { serviceVariables } from './serviceenvironment.ts'

const service = (namespace: string, name: string, clusterIPs: string[], ports: object[]) => ({
  metadata: { name, namespace },
  spec: { clusterIPs, ports: ports as { port: number }[] },
})
const kubernetes = (ips: string[]) =>
  service('default', 'kubernetes', ips, [{ name: 'https', port: 443, protocol: 'TCP' }])

test.each([
  ['10.96.0.1', 'tcp://10.96.0.1:443'],
  ['fd00:10:96::1', 'tcp://[fd00:10:96::1]:443'],
])('The API server at %s is always announced', (ip, url) => {
  const variables = serviceVariables([kubernetes([ip])], 'ns', { enableServiceLinks: false })
  expect(variables).toEqual([
    ['KUBERNETES_SERVICE_HOST', ip],
    ['KUBERNETES_SERVICE_PORT', '443'],
    ['KUBERNETES_SERVICE_PORT_HTTPS', '443'],
    ['KUBERNETES_PORT', url],
    ['KUBERNETES_PORT_443_TCP', url],
    ['KUBERNETES_PORT_443_TCP_PROTO', 'tcp'],
    ['KUBERNETES_PORT_443_TCP_PORT', '443'],
    ['KUBERNETES_PORT_443_TCP_ADDR', ip],
  ])
})

test('Service links add the Services of the namespace that have an address', () => {
  const services = [
    service('ns', 'my-db', ['10.96.0.9', 'fd00:10:96::9'], [{ port: 53, protocol: 'UDP' }]),
    service('ns', 'headless', ['None'], [{ port: 1 }]),
    service('other', 'elsewhere', ['10.96.0.8'], [{ port: 1 }]),
  ]
  const links = serviceVariables(services, 'ns', { enableServiceLinks: true })
  expect(links).toEqual([
    ['MY_DB_SERVICE_HOST', '10.96.0.9'],
    ['MY_DB_SERVICE_PORT', '53'],
    ['MY_DB_PORT', 'udp://10.96.0.9:53'],
    ['MY_DB_PORT_53_UDP', 'udp://10.96.0.9:53'],
    ['MY_DB_PORT_53_UDP_PROTO', 'udp'],
    ['MY_DB_PORT_53_UDP_PORT', '53'],
    ['MY_DB_PORT_53_UDP_ADDR', '10.96.0.9'],
  ])
  expect(serviceVariables(services, 'ns', { enableServiceLinks: false })).toEqual([])
})
