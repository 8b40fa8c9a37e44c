// `futago up --store etcd:...` as people use it: over TLS, with upstream's keys, through a restart of either.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEtcdStore } from '../src/storage/etcd.ts'
import { EtcdServers } from './etcdserver.ts'
import { futago, newHome, TestedCluster } from './futago.ts'
import { whyNot } from './needs.ts'

const missing = whyNot(['etcd'])

describe.skipIf(missing)('A cluster whose objects are in etcd', () => {
  const home = newHome()
  let servers: EtcdServers
  let cluster: TestedCluster
  let flags: string[]
  beforeAll(async () => {
    servers = await EtcdServers.start({ family: 'IPv6', tls: true })
    const { caFile, certFile, keyFile } = servers.files!
    flags = ['--store', servers.location, '--etcd-prefix', '/twins'].concat([
      '--etcd-cafile',
      caFile,
      '--etcd-certfile',
      certFile,
      '--etcd-keyfile',
      keyFile,
    ])
    cluster = await TestedCluster.up(flags, home)
  })
  afterAll(async () => {
    await cluster?.remove()
    await servers?.stop()
  })

  test('has them below the prefix, as upstream has', async () => {
    await cluster.print('kubectl create configmap kept --from-literal=a=1')
    const store = await openEtcdStore(servers.endpoints[0]!, { ...servers.files })
    const { entries } = await store.list({ prefix: '/' })
    await store.close()
    const keys = entries.map(({ key }) => key)
    expect(keys.filter(key => !key.startsWith('/twins/'))).toEqual([])
    expect(keys).toEqual(
      expect.arrayContaining([
        '/twins/configmaps/default/kept',
        '/twins/minions/node1',
        '/twins/services/specs/default/kubernetes',
      ]),
    )
    const kept = entries.find(({ key }) => key === '/twins/configmaps/default/kept')!
    expect(JSON.parse(kept.value.toString())).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } })
  })

  test('waits for an etcd that is away, and goes on when it is back', async () => {
    await servers.kill(0)
    const waiting = cluster.print('kubectl get configmap kept -o name')
    await servers.restart(0)
    expect(await waiting).toBe('configmap/kept\n')
    await cluster.print('kubectl create configmap later')
  })

  test('finds everything again when it is started anew', async () => {
    await cluster.print('kubectl create deployment web --image=nginx --replicas=2')
    await cluster.print('kubectl rollout status deployment web')
    const pods = await cluster.print('kubectl get pods -o name')
    await cluster.stop()
    cluster = await TestedCluster.up(flags, home)
    expect(await cluster.print('kubectl get pods -o name')).toBe(pods)
    expect(await cluster.print('kubectl get configmap kept -o jsonpath={.data.a}')).toBe('1')
  })
  test('is saved, running or stopped, moves into files, and back into an etcd', async () => {
    const access = flags.filter((_, index) => index < 2 || index > 3)
    const snapshot = async (args: string[]) => {
      const { exitCode, stdout, stderr } = await futago(['snapshot', ...args], home)
      return { exitCode, said: stdout + stderr }
    }
    const [running, stopped, moved] = ['running', 'stopped', 'moved'].map(name => join(home, name))
    const pods = await cluster.print('kubectl get pods -o name')
    expect((await snapshot(['save', running!])).exitCode).toBe(0)
    await cluster.stop()
    expect((await snapshot(['save', stopped!, ...flags])).exitCode).toBe(0)
    expect(await snapshot(['save', stopped!])).toEqual({
      exitCode: 2,
      said: expect.stringContaining('expected --store as futago up had it'),
    })

    expect((await snapshot(['restore', stopped!, '--name', 'files'])).exitCode).toBe(0)
    const files = await TestedCluster.up(['--name', 'files'], home)
    expect(await files.print('kubectl get pods -o name')).toBe(pods)
    await files.print('kubectl create configmap in-files')
    await files.stop()
    expect((await snapshot(['save', moved!, '--name', 'files'])).exitCode).toBe(0)

    const back = [...access, '--etcd-prefix', '/back']
    expect((await snapshot(['restore', moved!, ...back])).exitCode).toBe(0)
    expect((await snapshot(['restore', moved!, ...flags])).said).toContain('expected --force')
    const { exitCode, said } = await snapshot(['restore', moved!, ...flags, '--force'])
    expect([exitCode, said]).toEqual([0, expect.stringContaining('store.replaced.snapshot')])
    expect(existsSync(join(home, 'default/store.replaced.snapshot'))).toBe(true)
    cluster = await TestedCluster.up(back, home)
    expect(await cluster.print('kubectl get configmaps kept in-files -o name')).toBe(
      'configmap/kept\nconfigmap/in-files\n',
    )
    expect(await cluster.print('kubectl get pods -o name')).toBe(pods)
    const old = "kubectl get --raw '/api/v1/pods?watch=1&resourceVersion=1000000500'"
    expect(await cluster.print(old)).toContain('"reason":"Expired","code":410')
  })
})
