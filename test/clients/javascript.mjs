// Drives a cluster with @kubernetes/client-node as its documentation shows it, and says what went well.
// Usage: node javascript.mjs PACKAGE KUBECONFIG PART... (those below; each line printed is one that passed)
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'

const [, , packageName, kubeconfig, ...wanted] = process.argv
const k8s = await import(packageName)
const config = new k8s.KubeConfig()
config.loadFromFile(kubeconfig)
const core = config.makeApiClient(k8s.CoreV1Api)
const namespace = (await core.createNamespace({ body: { metadata: { generateName: 'javascript-' } } }))
  .metadata.name

const pod = name => ({
  metadata: { name, namespace, labels: { app: 'client' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'busybox',
        command: ['sh', '-c', 'echo begun; read line; echo $line; sleep 3600'],
        stdin: true,
      },
    ],
  },
})
const isReady = ({ status }) =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')

class Collected extends Writable {
  text = ''
  #waiting = []

  _write(chunk, _, done) {
    this.text += chunk
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => !pattern.test(this.text) || resolve())
    done()
  }

  /** Resolves when what came in matches. */
  has(pattern) {
    return new Promise(resolve =>
      pattern.test(this.text) ? resolve() : this.#waiting.push({ pattern, resolve }),
    )
  }
}

/** Until the watch shows it. */
async function untilReady(name) {
  const { promise, resolve, reject } = Promise.withResolvers?.() ?? withResolvers()
  const query = { fieldSelector: `metadata.name=${name}` }
  const path = `/api/v1/namespaces/${namespace}/pods`
  const request = await new k8s.Watch(config).watch(
    path,
    query,
    (_, object) => isReady(object) && resolve(object),
    reject,
  )
  const found = await promise
  request.abort()
  return found
}

function withResolvers() {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

async function execute(command, { stdin, tty = false } = {}) {
  const stdout = new Collected()
  const stderr = new Collected()
  const { promise, resolve } = withResolvers()
  await new k8s.Exec(config).exec(
    namespace,
    'main',
    'main',
    command,
    stdout,
    stderr,
    stdin ?? null,
    tty,
    resolve,
  )
  const status = await promise
  return { status, stdout: stdout.text, stderr: stderr.text }
}

const parts = {
  async lists() {
    const { items } = await core.listNode()
    assert.ok(items.length > 0)
    const addresses = items[0].status.addresses.filter(({ type }) => type === 'InternalIP')
    assert.equal(addresses.length, 2)
    const page = await core.listNamespacedPod({ namespace, labelSelector: 'app=client', limit: 1 })
    assert.equal(page.items[0].metadata.name, 'main')
    assert.equal(page.items[0].status.podIPs.length, 2)
  },

  async watches() {
    const { metadata } = await core.listNamespacedConfigMap({ namespace })
    const seen = []
    const { promise, resolve, reject } = withResolvers()
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    const query = { resourceVersion: metadata.resourceVersion, allowWatchBookmarks: true }
    const onEvent = (type, { metadata }) => {
      if (metadata.name === 'watched') seen.push(type)
      if (type === 'DELETED') resolve()
    }
    const request = await new k8s.Watch(config).watch(path, query, onEvent, reject)
    const body = { metadata: { name: 'watched' }, data: { a: '1' } }
    await core.createNamespacedConfigMap({ namespace, body })
    await core.replaceNamespacedConfigMap({ namespace, name: 'watched', body: { ...body, data: { a: '2' } } })
    await core.deleteNamespacedConfigMap({ namespace, name: 'watched' })
    await promise
    request.abort()
    assert.deepEqual(seen, ['ADDED', 'MODIFIED', 'DELETED'])
  },

  async informs() {
    const list = () => core.listNamespacedConfigMap({ namespace })
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list)
    const seen = []
    const { promise, resolve } = withResolvers()
    for (const verb of ['add', 'update', 'delete']) {
      informer.on(verb, ({ metadata }) => {
        if (metadata.name === 'informed') seen.push(verb)
        if (verb === 'delete') resolve()
      })
    }
    await informer.start()
    const body = { metadata: { name: 'informed' }, data: { a: '1' } }
    await core.createNamespacedConfigMap({ namespace, body })
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'informed',
      body: { ...body, data: { a: '2' } },
    })
    await core.deleteNamespacedConfigMap({ namespace, name: 'informed' })
    await promise
    assert.equal(informer.get('kube-root-ca.crt', namespace).metadata.name, 'kube-root-ca.crt')
    await informer.stop()
    assert.deepEqual(seen, ['add', 'update', 'delete'])
  },

  async pages() {
    const labels = { paged: 'yes' }
    const names = Array.from({ length: 25 }, (_, index) => `page-${String(index).padStart(2, '0')}`)
    const create = name => core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } })
    await Promise.all(names.map(create))
    const seen = []
    const remaining = []
    for (let _continue; _continue !== ''; ) {
      const query = { namespace, labelSelector: 'paged=yes', limit: 10, _continue }
      const { items, metadata } = await core.listNamespacedConfigMap(query)
      seen.push(...items.map(item => item.metadata.name))
      remaining.push(metadata.remainingItemCount)
      _continue = metadata._continue ?? ''
    }
    assert.deepEqual(seen, names)
    // With a selector nobody counts what is left, as upstream.
    assert.deepEqual(remaining, [undefined, undefined, undefined])
  },

  async patches() {
    const name = 'patched'
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { a: '1' } } })
    const patch = (body, strategy) =>
      core.patchNamespacedConfigMap({ namespace, name, body }, k8s.setHeaderOptions('Content-Type', strategy))
    const { JsonPatch, MergePatch, StrategicMergePatch } = k8s.PatchStrategy
    await patch([{ op: 'add', path: '/data/b', value: '2' }], JsonPatch)
    await patch({ data: { a: null, c: '3' } }, MergePatch)
    const { data } = await patch({ data: { d: '4' } }, StrategicMergePatch)
    assert.deepEqual(data, { b: '2', c: '3', d: '4' })
  },

  async objects() {
    const api = k8s.KubernetesObjectApi.makeApiClient(config)
    const [service] = k8s.loadAllYaml(`
apiVersion: v1
kind: Service
metadata: {name: by-yaml, namespace: ${namespace}}
spec: {ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]}
`)
    const { spec } = await api.create(service)
    assert.equal(spec.clusterIPs.length, 2)
    const read = await api.read(service)
    assert.deepEqual(read.spec.ipFamilies, spec.ipFamilies)
    assert.equal((await api.list('v1', 'Service', namespace)).items.length, 1)
    const changed = await api.patch({ ...service, metadata: { ...service.metadata, labels: { a: 'b' } } })
    assert.deepEqual(changed.metadata.labels, { a: 'b' })
    const replaced = await api.replace({ ...changed, metadata: { ...changed.metadata, labels: { c: 'd' } } })
    assert.deepEqual(replaced.metadata.labels, { c: 'd' })
    await assert.rejects(api.replace(changed), error => error.code === 409)
    await api.delete(service)
    await assert.rejects(
      api.read(service),
      error =>
        error.code === 404 && /services \\?"by-yaml\\?" not found/.test(error.body.message ?? error.body),
    )
  },

  async executes() {
    const done = await execute(['sh', '-c', 'echo out; echo err >&2; exit 3'])
    assert.deepEqual([done.stdout, done.stderr], ['out\n', 'err\n'])
    assert.equal(done.status.status, 'Failure')
    assert.equal(done.status.reason, 'NonZeroExitCode')
    assert.equal(done.status.details.causes[0].message, '3')
    const stdin = new PassThrough()
    stdin.write('typed\n')
    const typed = await execute(['sh', '-c', 'read line; echo got $line'], { stdin })
    assert.deepEqual([typed.stdout, typed.status.status], ['got typed\n', 'Success'])
  },

  async resizes() {
    const screen = Object.assign(new Collected(), { rows: 50, columns: 132 })
    const stdin = new PassThrough()
    const { promise, resolve } = withResolvers()
    const exec = new k8s.Exec(config)
    await exec.exec(namespace, 'main', 'main', ['sh'], screen, null, stdin, true, resolve)
    await screen.has(/# $/)
    stdin.write('stty size\r')
    await screen.has(/50 132\r\n/)
    Object.assign(screen, { rows: 24, columns: 80 }).emit('resize')
    stdin.write('clear=; stty size\r')
    await screen.has(/24 80\r\n/)
    stdin.write('exit 5\r')
    assert.equal((await promise).details.causes[0].message, '5')
  },

  /** Into a Pod and, where the library can, out of it again: 1.4 asks for a gzipped archive and does not unzip it. */
  async copies() {
    const folder = mkdtempSync(join(tmpdir(), 'copies-'))
    // Who unpacks goes on for a while.
    process.once('exit', () => rmSync(folder, { recursive: true }))
    const content = randomBytes(2_000_000)
    mkdirSync(join(folder, 'in/below'), { recursive: true })
    writeFileSync(join(folder, 'in/below/ü file'), content)
    // The class does not say when it is done.
    const exec = new k8s.Exec(config)
    let done
    const execution = {
      exec: (...args) => {
        const ended = args.pop()
        const { promise, resolve, reject } = withResolvers()
        done = promise
        return exec.exec(...args, status => ended(status).then(() => resolve(status), reject))
      },
    }
    const cp = new k8s.Cp(config, execution)
    await execute(['mkdir', '/copied'])
    await cp.cpToPod(namespace, 'main', 'main', join(folder, 'in'), '/copied')
    assert.equal((await done)?.status, 'Success')
    const sum = createHash('sha256').update(content).digest('hex')
    const { stdout } = await execute(['sha256sum', '/copied/below/ü file'])
    assert.equal(stdout.slice(0, 64), sum)
    if (packageName !== 'client-node-1') {
      await cp.cpFromPod(namespace, 'main', 'main', 'below', join(folder, 'out'), '/copied')
      await done
      const copied = join(folder, 'out/below/ü file')
      const size = () => statSync(copied, { throwIfNoEntry: false })?.size
      while (size() !== content.length) await new Promise(resolve => setImmediate(resolve))
      assert.ok(readFileSync(copied).equals(content))
    }
  },

  async logs() {
    const output = new Collected()
    // It is followed until the end of this process: version 2 throws, where nobody can catch it, when aborted.
    await new k8s.Log(config).log(namespace, 'main', 'main', output, { follow: true, tailLines: 5 })
    await output.has(/begun\n/)
    assert.match(await core.readNamespacedPodLog({ namespace, name: 'main' }), /^begun\n/)
  },

  async attaches() {
    const output = new Collected()
    const stdin = new PassThrough()
    const socket = await new k8s.Attach(config).attach(
      namespace,
      'main',
      'main',
      output,
      output,
      stdin,
      false,
    )
    stdin.write('attached\n')
    await output.has(/attached\n/)
    socket.close()
  },

  async usage() {
    const usage = await k8s.topNodes(core)
    assert.ok(usage[0].CPU.Capacity > 0)
    const { items } = await new k8s.Metrics(config).getNodeMetrics()
    assert.match(items[0].usage.cpu, /^\d+[num]?$/)
  },

  /** Nothing listens in a simulated Pod: the connection ends, and the reason is told. */
  async refusedPort() {
    const output = new Collected()
    const errors = new Collected()
    const forward = new k8s.PortForward(config)
    await forward.portForward(namespace, 'main', [8080], output, errors, new PassThrough())
    await errors.has(/8080/)
    assert.match(errors.text, /refused|8080/)
  },

  /** A web server in a Pod that runs containers, through a port of this host. */
  async forwards() {
    const forward = new k8s.PortForward(config)
    const server = createServer(socket => forward.portForward('default', 'web', [8080], socket, null, socket))
    await new Promise(resolve => server.listen(0, 'localhost', resolve))
    const { address, port } = server.address()
    const socket = connect(port, address)
    const output = socket.pipe(new Collected())
    socket.write('GET / HTTP/1.0\r\n\r\n')
    await output.has(/hello\n/)
    socket.destroy()
    server.close()
  },
}

if (wanted.join() !== 'forwards') {
  await core.createNamespacedPod({ namespace, body: pod('main') })
  await untilReady('main')
}
for (const name of wanted) {
  await parts[name]()
  console.log(name)
}
await core.deleteNamespace({ name: namespace })
process.exit(0)
