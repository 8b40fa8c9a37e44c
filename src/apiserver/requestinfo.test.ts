import { expect, test } from 'vitest'
import { parseQuery } from './query.ts'
import { isLongRunning, parseRequestInfo } from './requestinfo.ts'

function summary(method: string, target: string): string {
  const [path = '', query = ''] = target.split('?')
  const info = parseRequestInfo(method, path, parseQuery(query))
  if (!info.isResourceRequest) return `${info.verb} ${info.path}`
  const { verb, group, version, namespace, resource, subresource, name } = info
  return [verb, group, version, namespace, resource, subresource, name].map(part => part || '-').join(' ')
}

test.each([
  ['GET', '/api/v1/namespaces', 'list - v1 - namespaces - -'],
  ['GET', '/api/v1/namespaces/other', 'get - v1 other namespaces - other'],
  ['PUT', '/api/v1/namespaces/other/finalize', 'update - v1 other namespaces finalize other'],
  ['GET', '/api/v1/namespaces/other/pods', 'list - v1 other pods - -'],
  ['GET', '/api/v1/namespaces/other/pods/foo', 'get - v1 other pods - foo'],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get - v1 other pods - foo'],
  ['GET', '/api/v1/namespaces/other/pods/foo/log', 'get - v1 other pods log foo'],
  ['POST', '/api/v1/namespaces/other/pods', 'create - v1 other pods - -'],
  ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale', 'patch apps v1 a deployments scale d'],
  ['DELETE', '/api/v1/namespaces/other/pods', 'deletecollection - v1 other pods - -'],
  ['DELETE', '/api/v1/nodes/n', 'delete - v1 - nodes - n'],
  ['GET', '/api/v1/watch/namespaces/other/pods/foo', 'watch - v1 other pods - foo'],
  ['GET', '/api/v1/watch/pods', 'watch - v1 - pods - -'],
  ['GET', '/apis/apps/v1/watch/deployments', 'watch apps v1 - deployments - -'],
  ['GET', '/api/v1/pods?watch=true', 'watch - v1 - pods - -'],
  ['GET', '/api/v1/pods?watch=1&fieldSelector=metadata.name%3Dx', 'watch - v1 - pods - x'],
  ['GET', '/api/v1/pods?watch=false', 'list - v1 - pods - -'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name!=x', 'list - v1 - pods - -'],
  [
    'GET',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:admin%3Ax/',
    'get rbac.authorization.k8s.io v1 - clusterroles - system:admin:x',
  ],
  ['OPTIONS', '/api/v1/nodes', '- - v1 - nodes - -'],
  ['GET', '/', 'get /'],
  ['GET', '/api/v1', 'get /api/v1'],
  ['GET', '/apis/apps/v1/', 'get /apis/apps/v1/'],
  ['POST', '/healthz', 'post /healthz'],
])('%s %s is read as upstream reads it', (method, target, expected) => {
  expect(summary(method, target)).toBe(expected)
})

test('A path with a broken escape or a watch of nothing is a bad request', () => {
  expect(() => summary('GET', '/api/v1/nodes/%zz')).toThrow('invalid URL escape')
  expect(() => summary('GET', '/api/v1/watch')).toThrow('unable to determine kind and namespace from url')
})

test('Watches, followed logs, exec, attach and port-forward are long-running, and nothing else is', () => {
  const longRunning = (target: string) => {
    const [path = '', text = ''] = target.split('?')
    const query = parseQuery(text)
    return isLongRunning(parseRequestInfo('GET', path, query), query)
  }
  const pod = '/api/v1/namespaces/a/pods/p'
  expect(
    [
      '/api/v1/pods?watch=1',
      `${pod}/exec`,
      `${pod}/attach`,
      `${pod}/portforward`,
      `${pod}/log?follow=true`,
    ].map(longRunning),
  ).toEqual([true, true, true, true, true])
  expect(['/api/v1/pods', pod, `${pod}/log`, '/healthz'].map(longRunning)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
