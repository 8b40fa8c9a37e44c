import { delimiter } from 'node:path'
import { expect, test } from 'vitest'
import { StatusError } from '../api/status.ts'
import { ExecPluginError } from '../client/execplugin.ts'
import { connectionError, connectToCluster, kubeconfigPaths } from './connect.ts'

test('The kubeconfig is found where kubectl finds it', () => {
  const env = { KUBECONFIG: ['/a', '/b', ''].join(delimiter) }
  expect(kubeconfigPaths({ kubeconfig: '/mine' }, env)).toEqual(['/mine'])
  expect(kubeconfigPaths({}, env)).toEqual(['/a', '/b'])
  expect(kubeconfigPaths({}, {})[0]).toMatch(/[/\\]\.kube[/\\]config$/)
})

test('Without a kubeconfig it is said which one', async () => {
  await expect(connectToCluster({ kubeconfig: '/nowhere/config' })).rejects.toThrow(
    'Cannot find a cluster: there is no kubeconfig at /nowhere/config, expected --kubeconfig FILE or $KUBECONFIG',
  )
})

const connection = { config: { server: 'https://x:1', namespace: 'default' }, context: 'c' }

test.each([
  [
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    'Cannot reach https://x:1 (context c): nothing listens',
  ],
  [
    Object.assign(new AggregateError([]), {
      errors: [Object.assign(new Error('x'), { code: 'ENETUNREACH' })],
    }),
    'this machine has no route for its address family',
  ],
  [Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }), 'its certificate has expired'],
  [
    Object.assign(new Error('words'), { code: 'EOTHER' }),
    'Cannot reach https://x:1 (context c): words (EOTHER)',
  ],
  [new StatusError({ code: 401, reason: 'Unauthorized', message: 'no' }), 'does not accept the credentials'],
  [
    new StatusError({ code: 403, reason: 'Forbidden', message: 'you may not' }),
    'you may not, expected the rights',
  ],
  [new StatusError({ code: 503, reason: '', message: 'starting' }), 'it answered 503 starting'],
  [
    new ExecPluginError('Cannot get credentials from login: it printed no JSON'),
    'Cannot use https://x:1 (context c): Cannot get credentials from login: it printed no JSON',
  ],
])('An error on the way becomes one line: %#', (error, text) => {
  expect(connectionError(error, connection)?.message).toContain(text)
  expect(connectionError(error, connection)?.exitCode).toBe(2)
})

test('Any other error is a defect and keeps its stack', () => {
  expect(connectionError(new TypeError('x is not a function'), connection)).toBeUndefined()
})
