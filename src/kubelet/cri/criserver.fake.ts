// A container runtime without containers, for tests: answers the calls of runtimeapi.ts over a socket, as
// containerd does, and lets a test end processes, lose sandboxes and refuse calls.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytes, defineMessage, type Message, message, text } from '../../protobuf/message.ts'
import {
  type ContainerConfig,
  containerState,
  type PodSandboxConfig,
  type RPC,
  runtimeAPI,
  sandboxState,
} from './runtimeapi.ts'

const envelope = defineMessage({
  topic: text(3),
  event: message(4, defineMessage({ value: bytes(2) })),
})
const taskExit = defineMessage({ containerId: text(1), id: text(2) })

interface FakeSandbox {
  readonly config: PodSandboxConfig
  state: number
}

interface FakeContainer {
  readonly sandboxId: string
  readonly config: ContainerConfig
  state: number
  exitCode: number
}

type Call = keyof typeof runtimeAPI
// biome-ignore lint/suspicious/noExplicitAny: the request's own type is known to each handler only
type Handler = (input: any) => object

const second = 1_000_000_000

function framed(payload: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

export class FakeCRIServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'futago-cri-'))
  readonly socketPath = join(this.folder, 'cri.sock')
  readonly stoppedSandboxes: string[] = []
  readonly sandboxes = new Map<string, FakeSandbox>()
  readonly containers = new Map<string, FakeContainer>()
  /** So often a container that was stopped is still said to run. */
  staleAnswers = 0
  /** Names, as they are asked for. */
  readonly images = new Set<string>()
  /** In order: the names of all calls. */
  readonly calls: string[] = []
  /** How each sandbox was to be run. */
  readonly handlers: string[] = []
  /** Whether it tells of processes that end, as containerd does and others do not. */
  hasEvents = true
  /** What a call is refused with. */
  readonly failures = new Map<Call, string>()
  /** Images that can be pulled. */
  readonly registry = new Set<string>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #watchers = new Set<ServerHttp2Stream>()
  #server: Http2Server | undefined
  #lastId = 0

  async listen(): Promise<void> {
    const server = createServer()
    this.#server = server
    server.on('session', session => {
      this.#sessions.add(session)
      session.on('error', () => undefined)
    })
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = []
      stream.on('error', () => undefined)
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () =>
        this.#answer(stream, String(headers[':path']), Buffer.concat(chunks).subarray(5)),
      )
    })
    await new Promise<void>(resolve => server.listen(this.socketPath, resolve))
  }

  /** As when it is killed: what runs goes on. */
  async kill(): Promise<void> {
    for (const session of this.#sessions) session.destroy()
    this.#sessions.clear()
    this.#watchers.clear()
    await new Promise<void>(resolve => this.#server?.close(() => resolve()))
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A process ends; the runtime tells everybody. */
  exit(id: string, exitCode = 0): void {
    const container = this.containers.get(id)
    if (container) Object.assign(container, { state: containerState.exited, exitCode })
    const sandbox = this.sandboxes.get(id)
    if (sandbox) sandbox.state = sandboxState.notReady
    const event = { value: taskExit.encode({ containerId: id, id }) }
    for (const watcher of this.#watchers)
      watcher.write(framed(envelope.encode({ topic: '/tasks/exit', event })))
  }

  #answer(stream: ServerHttp2Stream, path: string, body: Buffer): void {
    if (path.endsWith('/Subscribe')) {
      if (!this.hasEvents) {
        stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true })
        return
      }
      stream.respond({ ':status': 200 })
      this.#watchers.add(stream)
      return
    }
    const [call] = Object.entries(runtimeAPI).find(([, rpc]) => rpc.path === path) as [Call, unknown]
    this.calls.push(call)
    const failure = this.failures.get(call)
    const handler = this.#handlers[call]
    if (failure !== undefined || !handler) {
      const status = { 'grpc-status': handler ? '2' : '12', 'grpc-message': failure ?? 'not implemented' }
      stream.respond({ ':status': 200, ...status }, { endStream: true })
      return
    }
    const { request, response } = runtimeAPI[call] as unknown as RPC<object, object>
    const output = handler((request as Message<object, object>).decode(body))
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(framed((response as unknown as Message<object, object>).encode(output)))
  }

  #newId(kind: string): string {
    this.#lastId++
    return `${kind}${this.#lastId}`
  }

  readonly #handlers: Partial<Record<Call, Handler>> = {
    version: () => ({ runtimeName: 'containerd', runtimeVersion: '1.6.20' }),
    status: () => ({
      status: {
        conditions: [
          { type: 'RuntimeReady', status: true },
          { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'none' },
        ],
      },
    }),
    runPodSandbox: ({ config, runtimeHandler }: { config: PodSandboxConfig; runtimeHandler: string }) => {
      this.handlers.push(runtimeHandler)
      const id = this.#newId('sandbox')
      this.sandboxes.set(id, { config, state: sandboxState.ready })
      return { podSandboxId: id }
    },
    stopPodSandbox: ({ podSandboxId }: { podSandboxId: string }) => {
      this.stoppedSandboxes.push(podSandboxId)
      const sandbox = this.sandboxes.get(podSandboxId)
      if (sandbox) sandbox.state = sandboxState.notReady
      for (const [id, container] of this.containers) {
        const isRunning = container.state === containerState.running
        if (container.sandboxId === podSandboxId && isRunning) this.exit(id, 137)
      }
      return {}
    },
    removePodSandbox: ({ podSandboxId }: { podSandboxId: string }) => {
      this.sandboxes.delete(podSandboxId)
      for (const [id, container] of this.containers) {
        if (container.sandboxId === podSandboxId) this.containers.delete(id)
      }
      return {}
    },
    podSandboxStatus: ({ podSandboxId }: { podSandboxId: string }) => ({
      status: {
        state: this.sandboxes.get(podSandboxId)?.state ?? sandboxState.notReady,
        network: { ip: '10.244.0.2', additionalIps: [{ ip: 'fd00:10:244::2' }] },
      },
    }),
    listPodSandbox: () => ({
      items: [...this.sandboxes].map(([id, { config, state }], index) => ({
        id,
        state,
        metadata: config.metadata,
        labels: config.labels,
        createdAt: index,
      })),
    }),
    createContainer: ({ podSandboxId, config }: { podSandboxId: string; config: ContainerConfig }) => {
      const id = this.#newId('container')
      this.containers.set(id, { sandboxId: podSandboxId, config, state: containerState.created, exitCode: 0 })
      return { containerId: id }
    },
    startContainer: ({ containerId }: { containerId: string }) => {
      this.containers.get(containerId)!.state = containerState.running
      return {}
    },
    stopContainer: ({ containerId }: { containerId: string }) => {
      if (this.staleAnswers === 0) this.exit(containerId, 143)
      return {}
    },
    removeContainer: ({ containerId }: { containerId: string }) => {
      this.containers.delete(containerId)
      return {}
    },
    listContainers: () => ({
      containers: [...this.containers].map(([id, { sandboxId, config, state }]) => ({
        id,
        state,
        podSandboxId: sandboxId,
        labels: config.labels,
      })),
    }),
    containerStatus: ({ containerId }: { containerId: string }) => {
      if (this.staleAnswers > 0 && --this.staleAnswers === 0) this.exit(containerId, 143)
      const { config, state, exitCode } = this.containers.get(containerId)!
      const { metadata, annotations, logPath } = config
      const startedAt = state === containerState.created ? 0 : second
      const finishedAt = state === containerState.exited ? 2 * second : 0
      const times = { startedAt, finishedAt }
      return { status: { id: containerId, metadata, annotations, logPath, state, exitCode, ...times } }
    },
    execSync: ({ cmd }: { cmd: readonly string[] }) => ({
      stdout: Buffer.from(cmd.join(' ')),
      stderr: Buffer.from('!'),
      exitCode: 3,
    }),
    imageStatus: ({ image: { image } }: { image: { image: string } }) =>
      this.images.has(image) ? { image: { id: `sha256:${image}`, size: 1000 } } : {},
    pullImage: ({ image: { image }, auth }: { image: { image: string }; auth?: { username: string } }) => {
      this.calls.push(`as ${auth?.username ?? 'nobody'}`)
      if (this.registry.has(image)) this.images.add(image)
      return { imageRef: image }
    },
    listContainerStats: () => ({
      stats: [...this.containers.keys()].map(id => ({
        attributes: { id },
        cpu: { timestamp: 5_000_000, usageCoreNanoSeconds: { value: 7 } },
        memory: { timestamp: 5_000_000, workingSetBytes: { value: 9 } },
      })),
    }),
  }
}
