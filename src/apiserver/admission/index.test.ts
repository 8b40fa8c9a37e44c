import { expect, test } from 'vitest'
import { configMaps, context, named, namespaces, openTestRegistries } from '../registry/registries.fake.ts'
import { admissionPlugins } from './index.ts'
import { namespaceLifecyclePlugin } from './namespacelifecycle.ts'

test('the plugins run in upstream’s order', () => {
  const services = { lookup: () => undefined, clock: undefined as never }
  expect(admissionPlugins.map(create => create(services).name)).toEqual([
    'NamespaceLifecycle',
    'LimitRanger',
    'ServiceAccount',
    'NodeRestriction',
    'PodSecurity',
    'Priority',
    'DefaultTolerationSeconds',
    'RuntimeClass',
    'CertificateSubjectRestriction',
    'DefaultIngressClass',
    'DefaultIPFamilyPolicy',
    'ResourceQuota',
  ])
})

test('nothing is created in a namespace that is missing or terminating', async () => {
  const { registry } = await openTestRegistries({ admission: [namespaceLifecyclePlugin] })
  const create = (name: string) => registry(configMaps).create(context, named(name), { namespace: 'team' })
  await expect(create('a')).rejects.toMatchObject({ code: 404, message: 'namespaces "team" not found' })
  await registry(namespaces).create(context, named('team'), { namespace: '' })
  await create('a')
  const { stored, finished } = await registry(namespaces).delete(context, { namespace: '', name: 'team' }, {})
  expect(finished).toBe(false)
  expect(stored.object).toMatchObject({
    status: { phase: 'Terminating' },
    spec: { finalizers: ['kubernetes'] },
  })
  await expect(create('b')).rejects.toMatchObject({
    code: 403,
    message:
      'configmaps "b" is forbidden: unable to create new content in namespace team because it is being terminated',
    details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
  })
})

test('a namespace goes when its last finalizer is taken away', async () => {
  const { registry } = await openTestRegistries({ admission: [namespaceLifecyclePlugin] })
  await registry(namespaces).create(context, named('team'), { namespace: '' })
  const target = { namespace: '', name: 'team' }
  await registry(namespaces).delete(context, target, {})
  await registry(namespaces).update(context, target, {
    subresource: 'finalize',
    transform: current => ({ ...current!, spec: { finalizers: [] } }) as never,
  })
  await expect(registry(namespaces).get(context, '', 'team')).rejects.toMatchObject({ code: 404 })
})

test('the namespaces a cluster needs cannot be deleted', async () => {
  const { registry } = await openTestRegistries({ admission: [namespaceLifecyclePlugin] })
  await registry(namespaces).create(context, named('default'), { namespace: '' })
  await expect(
    registry(namespaces).delete(context, { namespace: '', name: 'default' }, {}),
  ).rejects.toMatchObject({
    code: 403,
    message: 'namespaces "default" is forbidden: this namespace may not be deleted',
  })
})
