// What a person does when the disk is full or the store's file is damaged, with the real command line.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { futago, newHome, TestedCluster } from './futago.ts'
import { whyNot } from './needs.ts'

const folder = mkdtempSync(join(tmpdir(), 'futago-recovery-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const name = ['--name', 'kept']

const encryption = `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aesgcm: {keys: [{name: one, secret: ${randomBytes(32).toString('base64')}}]}
`

describe('a snapshot', () => {
  test('of a running cluster brings one back whose file is damaged', async () => {
    const file = join(folder, 'snapshot')
    const home = newHome()
    const first = await TestedCluster.up(name, home)
    await first.print('kubectl create configmap keep --from-literal=a=b')
    const { exitCode, stdout } = await futago(['snapshot', 'save', file, ...name], home)
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/^cluster kept: \d+ objects at revision \d+ saved to /),
    ])
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    const running = await futago(['snapshot', 'restore', file, ...name], home)
    expect([running.exitCode, running.stderr]).toEqual([
      2,
      expect.stringContaining('expected: futago down --name kept'),
    ])
    await first.stop()

    truncateSync(join(home, 'kept/store/data.mdb'), 10_000)
    const broken = await futago(['up', ...name, '--secure-port', '0'], home)
    expect([broken.exitCode, broken.stderr]).toEqual([
      2,
      expect.stringMatching(/data\.mdb is damaged: .*futago snapshot restore FILE --force --name kept\n$/),
    ])
    const cautious = await futago(['snapshot', 'restore', file, ...name], home)
    expect([cautious.exitCode, cautious.stderr]).toEqual([2, expect.stringContaining('expected --force')])
    const restored = await futago(['snapshot', 'restore', file, ...name, '--force'], home)
    expect([restored.exitCode, restored.stdout]).toEqual([
      0,
      expect.stringMatching(
        /objects restored; start it with: futago up --name kept\nwhat it held before is in .*\.replaced\n$/,
      ),
    ])
    const second = await TestedCluster.up(name, home)
    expect(await second.print('kubectl get configmap keep -o jsonpath={.data.a}')).toBe('b')
    const old = "kubectl get --raw '/api/v1/configmaps?watch=1&resourceVersion=5'"
    expect(await second.print(old)).toContain('"reason":"Expired","code":410')
    await second.stop()

    const stopped = join(folder, 'stopped')
    expect((await futago(['snapshot', 'save', stopped, ...name], home)).exitCode).toBe(0)
    expect((await futago(['snapshot', 'restore', stopped, '--name', 'copy'], home)).exitCode).toBe(0)
    rmSync(home, { recursive: true, force: true })
  })

  test('of a cluster with encrypted Secrets holds them encrypted, and needs the key', async () => {
    const [home, file, settings] = [newHome(), join(folder, 'encrypted'), join(folder, 'encryption.yaml')]
    writeFileSync(settings, encryption)
    const encrypted = [...name, '--encryption-provider-config', settings]
    const first = await TestedCluster.up(encrypted, home)
    await first.print('kubectl create secret generic keep --from-literal=a=hunter2hunter2')
    expect((await futago(['snapshot', 'save', file, ...name], home)).exitCode).toBe(0)
    await first.stop()
    const text = readFileSync(file, 'latin1')
    const secret = Buffer.from('hunter2hunter2').toString('base64')
    for (const plain of ['hunter2', secret]) {
      expect(text).not.toContain(plain)
    }
    expect((await futago(['snapshot', 'restore', file, ...name, '--force'], home)).exitCode).toBe(0)
    const without = await futago(['up', ...name, '--secure-port', '0'], home)
    expect([without.exitCode, without.stderr]).toEqual([
      2,
      expect.stringContaining('expected --encryption-provider-config with the key that wrote it'),
    ])
    const second = await TestedCluster.up(encrypted, home)
    expect(await second.print('kubectl get secret keep -o jsonpath={.data.a}')).toBe(secret)
    await second.stop()
    rmSync(home, { recursive: true, force: true })
  })

  test('that is cut off, missing or of nothing is refused with what is wrong', async () => {
    const home = newHome()
    const cut = join(folder, 'cut')
    writeFileSync(cut, '{"format":"futago-snapshot/1","revision":4}\n{"key":')
    for (const [args, why] of [
      [['restore', cut], 'it is cut off'],
      [['restore', join(folder, 'missing')], 'ENOENT'],
      [['save', join(folder, 'x')], 'it is not running and there is no store in'],
    ] as const) {
      const { exitCode, stderr } = await futago(['snapshot', ...args], home)
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(why)])
    }
    rmSync(home, { recursive: true, force: true })
  })
})

const reason = whyNot(['mount'])

describe.skipIf(reason)(`a full disk${reason ? `: ${reason}` : ''}`, () => {
  const disk = join(folder, 'disk')
  const mount = (...args: string[]) => {
    const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  afterAll(() => void spawnSync('umount', ['--lazy', disk]))

  test('refuses writes with a Status, serves reads, and writes again once there is room', async () => {
    mkdirSync(disk)
    mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk)
    const cluster = await TestedCluster.up(['--store', `lmdb:${join(disk, 'store')}`])
    writeFileSync(join(folder, 'large'), 'x'.repeat(300_000))
    const create = (index: number) =>
      cluster.shell(`kubectl create configmap large-${index} --from-file=${join(folder, 'large')}`)
    let refused = ''
    for (let index = 0; index < 20 && refused === ''; index++) refused = (await create(index)).stderr
    expect(refused).toContain('the storage has no space left')
    expect(await cluster.print('kubectl get configmap large-0 -o name')).toBe('configmap/large-0\n')
    expect(await cluster.print('kubectl get --raw /livez')).toBe('ok')
    mount('-o', 'remount,size=16m', disk)
    expect((await create(100)).exitCode).toBe(0)
    await cluster.print('kubectl delete configmap large-0')
    expect(await cluster.stop()).toBe(0)
    rmSync(cluster.home, { recursive: true, force: true })
  })

  test('does not let a cluster start that has no room for its files, and says so', async () => {
    const small = join(disk, 'small')
    mkdirSync(small)
    mount('-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', small)
    const { exitCode, stderr } = await futago(
      ['up', '--secure-port', '0', '--store', 'memory'],
      join(small, 'home'),
    )
    spawnSync('umount', ['--lazy', small])
    expect([exitCode, stderr.split('\n').length]).toEqual([2, 2])
    expect(stderr).toContain('ENOSPC')
  })
})
