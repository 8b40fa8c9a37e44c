import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { formatKubeconfig } from './kubeconfig.ts'

test('formatKubeconfig() is YAML with one context that is current', () => {
  const text = formatKubeconfig({
    name: 'a',
    server: 'https://[::1]:6443',
    authority: 'CA',
    certificate: 'CERT',
    key: 'KEY',
  })
  expect(load(text)).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'futago-a', cluster: { server: 'https://[::1]:6443', 'certificate-authority-data': 'Q0E=' } },
    ],
    users: [
      {
        name: 'futago-a',
        user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' },
      },
    ],
    contexts: [{ name: 'futago-a', context: { cluster: 'futago-a', user: 'futago-a' } }],
    'current-context': 'futago-a',
  })
})
