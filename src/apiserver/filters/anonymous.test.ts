import { expect, test } from 'vitest'
import { type AnonymousAccess, anonymousRule } from './anonymous.ts'

const paths = ['/version', '/livez', '/livez/etcd', '/version/', '/version/..', '/api', '/healthzz']
const open = (access: AnonymousAccess, rolesDecide: boolean) =>
  paths.filter(anonymousRule(access, { rolesDecide }))

test('Where roles decide they do so for the anonymous too, otherwise health and version are open', () => {
  expect(open({ enabled: true }, true)).toEqual(paths)
  expect(open({ enabled: true }, false)).toEqual(['/version', '/livez', '/version/'])
})

test('Anonymous requests can be turned off, or allowed at some paths only, which are taken literally', () => {
  expect(open({ enabled: false }, true)).toEqual([])
  expect(open({ enabled: true, paths: ['/livez', '/api'] }, true)).toEqual(['/livez', '/api'])
  expect(open({ enabled: true, paths: ['/livez', '/api'] }, false)).toEqual(['/livez'])
})
