// The kubelet with real containers, through real kubectls: volumes that follow what they show, probes and
// hooks, how Pods end, streams and proxies through the kubelet's own port, metrics, and a restart.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterNeeds, killOnNode, upWithContainers } from './containercluster.ts'
import { busyboxImage } from './containerd.ts'
import { eventually } from './eventually.ts'
import type { TestedCluster } from './futago.ts'
import { kubectlVersions, root } from './kubectl.ts'
import { whyNot } from './needs.ts'
import { findNode24, missingNode24 } from './node24.ts'
import { reservePort } from './ports.ts'
import { run } from './project.ts'
import { missingPythonClient, python3 } from './python.ts'

const reason = whyNot(clusterNeeds)
const clientScript = (name: string) => join(root, 'test/clients', name)
let cluster: TestedCluster

const container = (rest: string) => `{name: c, image: "${busyboxImage}", imagePullPolicy: Never, ${rest}}`
const pod = (name: string, spec: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  terminationGracePeriodSeconds: 1
${spec}`

const web = pod(
  'web',
  `  containers:
  - name: c
    image: ${busyboxImage}
    imagePullPolicy: Never
    command: [sh, -c, 'mkdir /www; echo hello > /www/index.html; httpd -p 8080 -h /www; while true; do echo line; sleep 1; done']
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /index.html, port: http}, periodSeconds: 1, timeoutSeconds: 30}
    livenessProbe: {tcpSocket: {port: http}, periodSeconds: 1, timeoutSeconds: 30}
    lifecycle: {postStart: {exec: {command: [sh, -c, 'echo hook > /tmp/hook']}}}
    volumeMounts:
    - {name: settings, mountPath: /settings}
    - {name: settings, mountPath: /one, subPath: key}
    - {name: about, mountPath: /about}
    - {name: shared, mountPath: /shared}
    - {name: shared, mountPath: /below, subPath: a/b}
    - {name: fast, mountPath: /fast}
  volumes:
  - {name: settings, configMap: {name: settings, defaultMode: 0440}}
  - {name: about, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  - {name: shared, emptyDir: {}}
  - {name: fast, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
`,
)

const apply = (text: string) => cluster.print('kubectl apply -f -', '1.34', text)
const inWeb = (command: string) => cluster.print(`kubectl exec web -- ${command}`)
const status = async (name: string) =>
  JSON.parse(await cluster.print(`kubectl get pod ${name} -o json`)).status

describe.skipIf(reason)(`A kubelet with containers${reason ? ` (${reason})` : ''}`, () => {
  beforeAll(async () => {
    cluster = await upWithContainers(['--nodes', '1'])
    await cluster.print('kubectl create configmap settings --from-literal=key=old')
    await eventually(
      () => cluster.print('kubectl get serviceaccount default'),
      () => true,
    )
    await apply(web)
    await cluster.print('kubectl wait --for=condition=Ready pod/web --timeout=120s')
  })
  afterAll(() => cluster?.remove())

  test('keeps mounted files current, sub paths as they were, and volumes shared or in memory', async () => {
    expect(await inWeb('cat /settings/key /one /about/labels')).toBe('oldoldapp="web"')
    expect(await inWeb('stat -Lc %a /settings/key')).toBe('440\n')
    await cluster.print(`kubectl patch configmap settings -p '{"data":{"key":"new"}}'`)
    await cluster.print('kubectl label pod web more=yes')
    await eventually(
      () => inWeb('cat /settings/key /one /about/labels'),
      text => text === 'newoldapp="web"\nmore="yes"',
    )
    await inWeb("sh -c 'echo x > /below/f'")
    expect(await inWeb('cat /shared/a/b/f')).toBe('x\n')
    expect(await inWeb('mount')).toMatch(/tmpfs on \/fast type tmpfs \(.*size=1024k/)
    expect(await inWeb('ls /var/run/secrets/kubernetes.io/serviceaccount')).toBe('ca.crt\nnamespace\ntoken\n')
  })

  test('has run its hook after the start, and asks its probes over the network', async () => {
    expect(await inWeb('cat /tmp/hook')).toBe('hook\n')
    await inWeb('rm /www/index.html')
    await eventually(
      () => status('web'),
      ({ containerStatuses }) => containerStatuses[0].ready === false,
    )
    await inWeb("sh -c 'echo hello > /www/index.html'")
    await cluster.print('kubectl wait --for=condition=Ready pod/web --timeout=120s')
    await eventually(
      () => cluster.print('kubectl get events -o jsonpath={.items[*].message}'),
      text => text.includes('Readiness probe failed: HTTP probe failed with statuscode: 404'),
    )
  })

  test('restarts what fails its liveness probe, and tells how containers ended', async () => {
    const liveness =
      'livenessProbe: {exec: {command: [cat, /missing]}, periodSeconds: 1, failureThreshold: 1}'
    await apply(pod('sick', `  containers: [${container(`command: [sleep, "1000"], ${liveness}`)}]`))
    const failing = `command: [sh, -c, "echo bye > /dev/termination-log; exit 3"]`
    await apply(pod('failed', `  restartPolicy: Never\n  containers: [${container(failing)}]`))
    await apply(pod('absent', `  restartPolicy: Never\n  containers: [${container('command: [/missing]')}]`))
    await apply(
      pod('late', `  activeDeadlineSeconds: 1\n  containers: [${container('command: [sleep, "1000"]')}]`),
    )
    await eventually(
      () => status('sick'),
      ({ containerStatuses }) => containerStatuses?.[0].restartCount > 0,
    )
    const ended = await eventually(
      () => status('failed'),
      ({ phase }) => phase === 'Failed',
    )
    expect(ended.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 3, message: 'bye\n' })
    const absent = await eventually(
      () => status('absent'),
      ({ phase }) => phase === 'Failed',
    )
    expect(absent.containerStatuses[0].state.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
    })
    expect(
      await eventually(
        () => status('late'),
        ({ phase }) => phase === 'Failed',
      ),
    ).toMatchObject({
      reason: 'DeadlineExceeded',
    })
    await cluster.print('kubectl delete pod sick failed absent late --wait=false')
  })

  test.each(kubectlVersions)('kubectl %s copies, executes, forwards and follows logs', async version => {
    const big = join(cluster.home, 'big')
    writeFileSync(big, randomBytes(20_000_000))
    await cluster.print(`kubectl cp ${big} web:/shared/big`, version)
    await cluster.print(`kubectl cp web:/shared/big ${big}.back`, version)
    expect(readFileSync(`${big}.back`).equals(readFileSync(big))).toBe(true)
    const missing = await cluster.shell('kubectl exec web -- missing', version)
    expect(missing.stderr).toContain('executable file not found')
    expect(await cluster.print('kubectl exec -i web -- cat', version, 'in and out')).toBe('in and out')
    expect((await cluster.shell("kubectl exec web -- sh -c 'exit 7'", version)).exitCode).toBe(7)
    const zeros = await cluster.print('kubectl exec web -- echo $(printf %020000d 0)', version)
    expect(zeros).toBe(`${'0'.repeat(20_000)}\n`)
    expect(await cluster.print('kubectl logs web --tail=2', version)).toBe('line\nline\n')
    expect(await cluster.print('timeout 60 kubectl logs -f --tail=1 web | head -2', version)).toBe(
      'line\nline\n',
    )
    // One that kubectl finds by itself for one loopback address may be taken on the other.
    const port = await reservePort()
    const forward = `kubectl port-forward pod/web ${port}:8080 > forwarded & pid=$!; `
    const begun = 'until [ $(wc -l < forwarded) = 2 ]; do sleep 0.1; done; '
    // As many at once as it pleases, over both families.
    const many = ['127.0.0.1', '[::1]']
      .map(address => `seq 20 | xargs -P 20 -I{} curl -s http://${address}:${port}/`)
      .join('; ')
    const command = `cd ${cluster.home}; touch forwarded; ${forward}${begun}${many}; kill $pid; rm forwarded`
    const lines = (await cluster.print(command, version)).trim().split('\n')
    expect(lines).toEqual(Array.from({ length: 40 }, () => 'hello'))
  })

  test('lets client libraries forward ports', async () => {
    const inNode = (node: string, library: string) =>
      run(node, [clientScript('javascript.mjs'), library, cluster.kubeconfig, 'forwards'], { folder: root })
    const done = { exitCode: 0, stdout: 'forwards\n', stderr: '' }
    expect(await inNode(process.execPath, 'client-node-1')).toEqual(done)
    if (!missingNode24()) {
      expect(await inNode(findNode24(), '@kubernetes/client-node')).toEqual(done)
    }
    if (missingPythonClient()) return
    const inPython = [clientScript('python.py'), cluster.kubeconfig, 'forwards']
    expect(await run(python3, inPython, { folder: root })).toEqual(done)
  })

  test('passes requests on to Pods, Services and the kubelet itself', async () => {
    await cluster.print('kubectl expose pod web --port=80 --target-port=http')
    const core = '/api/v1/namespaces/default'
    for (const target of ['pods/web:8080', 'services/web', 'services/web:80']) {
      const path = `${core}/${target}/proxy/index.html`
      expect(
        await eventually(
          () => cluster.print(`kubectl get --raw ${path}`),
          () => true,
        ),
      ).toBe('hello\n')
    }
    const own = '/api/v1/nodes/node1/proxy'
    expect(await cluster.print(`kubectl get --raw ${own}/healthz`)).toBe('ok')
    expect(await cluster.print(`kubectl get --raw ${own}/metrics/resource`)).toContain(
      'container_memory_working_set_bytes{container="c",namespace="default",pod="web"}',
    )
  })

  test.each(kubectlVersions)('kubectl %s shows what nodes and Pods use', async version => {
    expect(await cluster.print('kubectl top nodes --no-headers', version)).toMatch(
      /^node1 +\d+m +\d+% +\d+Mi +\d+%/,
    )
    expect(await cluster.print('kubectl top pod web --no-headers', version)).toMatch(/^web +\d+m +\d+Mi/)
  })

  test('is killed, started anew, and finds its Pods as they were', async () => {
    const before = await status('web')
    await cluster.print("kubectl exec web -- sh -c 'echo kept > /fast/kept'")
    expect(killOnNode(cluster.home, 'node1', /node run/)).toBeGreaterThan(0)
    await eventually(
      () => inWeb('cat /fast/kept'),
      text => text === 'kept\n',
    )
    await cluster.print(`kubectl patch configmap settings -p '{"data":{"key":"newer"}}'`)
    await eventually(
      () => inWeb('cat /settings/key'),
      text => text === 'newer',
    )
    expect(await status('web')).toEqual(before)
  })

  test('leaves nothing of a deleted Pod on the node', async () => {
    const uid = (await cluster.print('kubectl get pod web -o jsonpath={.metadata.uid}')).trim()
    await cluster.print('kubectl delete pod web')
    const folder = join(cluster.home, 'default/nodes/node1/kubelet/pods')
    expect(await cluster.print(`ls ${folder}`)).not.toContain(uid)
  })
})
