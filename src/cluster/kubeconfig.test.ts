import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { formatKubeconfig, replaceCredentials } from './kubeconfig.ts'

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

test('replaceCredentials() leaves what users have added, and files without the old credentials alone', () => {
  const parts = { name: 'a', server: 'https://[::1]:6443', authority: 'CA' }
  const [old, fresh] = [
    { certificate: 'CERT', key: 'KEY' },
    { certificate: 'NEWER', key: 'OTHER' },
  ]
  const kept = `${formatKubeconfig({ ...parts, ...old })}preferences: {colors: true}\n`
  expect(replaceCredentials(kept, old, fresh)).toBe(
    `${formatKubeconfig({ ...parts, ...fresh })}preferences: {colors: true}\n`,
  )
  expect(replaceCredentials(kept, fresh, old)).toBeUndefined()
})
