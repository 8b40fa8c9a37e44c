import { describe, expect, test } from 'vitest'
import type { Pod, PriorityClass } from '../../api/generated/types.ts'
import { defineResource } from '../../api/resource.ts'
import { context, named, nextTurn, openTestRegistries, pods } from '../registry/registries.fake.ts'
import { defaultTolerationSecondsPlugin } from './defaulttolerationseconds.ts'
import { priorityPlugin } from './priority.ts'
import { serviceAccountPlugin } from './serviceaccount.ts'

const serviceAccounts = defineResource({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  namespaced: true,
})
const priorityClasses = defineResource({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  namespaced: false,
})
const inDefault = { namespace: 'default' }

async function start(plugin: typeof priorityPlugin) {
  const resources = [pods, serviceAccounts, priorityClasses]
  const { registry, clock } = await openTestRegistries({ resources, admission: [plugin] })
  return {
    clock,
    accounts: registry(serviceAccounts),
    classes: registry(priorityClasses),
    create: async (spec: Pod['spec'], metadata: Pod['metadata'] = { name: 'a' }) =>
      (await registry(pods).create(context, { metadata, spec } as never, inDefault)).object as Pod,
  }
}

describe('ServiceAccount', () => {
  test('gives every container the account’s token', async () => {
    const { accounts, create } = await start(serviceAccountPlugin)
    await accounts.create(context, named('default', { imagePullSecrets: [{ name: 's' }] }), inDefault)
    const own = { name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
    const { spec } = await create({
      initContainers: [{ name: 'i' }],
      containers: [{ name: 'c' }, { name: 'd', volumeMounts: [own] }],
    })
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      imagePullSecrets: [{ name: 's' }],
    })
    const name = spec!.volumes![0]!.name
    expect(name).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    const mount = { name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
    expect(spec!.initContainers![0]!.volumeMounts).toEqual([mount])
    expect(spec!.containers[0]!.volumeMounts).toEqual([mount])
    expect(spec!.containers[1]!.volumeMounts).toEqual([own])
    expect(spec!.volumes).toEqual([
      {
        name,
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [
                  { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
                ],
              },
            },
          ],
        },
      },
    ])
  })

  test('mounts nothing when the account or the Pod says so; the Pod has the last word', async () => {
    const { accounts, create } = await start(serviceAccountPlugin)
    await accounts.create(context, named('quiet', { automountServiceAccountToken: false }), inDefault)
    const spec = { serviceAccountName: 'quiet', containers: [{ name: 'c' }] }
    expect((await create(structuredClone(spec), { name: 'a' })).spec!.volumes).toBeUndefined()
    const loud = { ...structuredClone(spec), automountServiceAccountToken: true }
    expect((await create(loud, { name: 'b' })).spec!.volumes).toHaveLength(1)
  })

  test('refuses an account that is missing, but waits a little for the default one', async () => {
    const { accounts, create, clock } = await start(serviceAccountPlugin)
    await expect(
      create({ serviceAccountName: 'nobody', containers: [] }, { generateName: 'a-' }),
    ).rejects.toMatchObject({
      code: 403,
      message:
        'pods "a-" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
    })
    const creating = create({ containers: [] })
    await nextTurn()
    await accounts.create(context, named('default'), inDefault)
    await clock.advance(100)
    expect((await creating).spec!.serviceAccountName).toBe('default')
  })
})

describe('Priority', () => {
  test('computes the number from the class, or from the default', async () => {
    const { classes, create } = await start(priorityPlugin)
    const spec = { containers: [] }
    expect((await create({ ...spec }, { name: 'a' })).spec).toMatchObject({
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
    })
    const high: PriorityClass = { metadata: { name: 'high' }, value: 7, preemptionPolicy: 'Never' }
    await classes.create(context, high as never, { namespace: '' })
    await classes.create(context, named('usual', { value: 3, globalDefault: true }), { namespace: '' })
    expect((await create({ ...spec, priorityClassName: 'high' }, { name: 'b' })).spec).toMatchObject({
      priority: 7,
      preemptionPolicy: 'Never',
    })
    expect((await create({ ...spec }, { name: 'c' })).spec).toMatchObject({
      priorityClassName: 'usual',
      priority: 3,
    })
    await expect(create({ ...spec, priorityClassName: 'none' }, { name: 'd' })).rejects.toMatchObject({
      message: 'pods "d" is forbidden: no PriorityClass with name none was found',
    })
    await expect(create({ ...spec, priority: 9 }, { name: 'd' })).rejects.toMatchObject({ code: 403 })
    const second = named('second', { value: 4, globalDefault: true })
    await expect(classes.create(context, second, { namespace: '' })).rejects.toMatchObject({
      message:
        'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as ' +
        'default. Only one default can exist',
    })
  })
})

test('the classes that every cluster starts with cannot be deleted', async () => {
  const { classes } = await start(priorityPlugin)
  const name = 'system-node-critical'
  await classes.create(context, named(name, { value: 2_000_001_000 }), { namespace: '' })
  await expect(classes.delete(context, { namespace: '', name }, {})).rejects.toMatchObject({
    code: 403,
    message:
      'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: this is a system priority class and ' +
      'cannot be deleted',
  })
})

describe('DefaultTolerationSeconds', () => {
  test('adds the tolerations that the Pod does not have', async () => {
    const { create } = await start(defaultTolerationSecondsPlugin)
    const unreachable = {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    }
    const mine = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', tolerationSeconds: 5 }
    expect((await create({ containers: [], tolerations: [mine] })).spec!.tolerations).toEqual([
      mine,
      unreachable,
    ])
    const all = { operator: 'Exists' }
    const { spec } = await create({ containers: [], tolerations: [all] }, { name: 'b' })
    expect(spec!.tolerations).toEqual([all])
  })
})
