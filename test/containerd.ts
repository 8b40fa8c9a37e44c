// A containerd of a test's own: in an own network namespace, below an own folder, with a Pod network of the
// asked families and images that are made here, since no registry may be in reach. Nothing of it is left.
import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { formatOCIArchive, goArchitecture } from '../src/cluster/containerd/ociarchive.ts'
import { pauseImage, pauseImageArchive } from '../src/cluster/containerd/pause.ts'
import { systemClock } from '../src/component/clock.ts'
import type { TarEntry } from '../src/component/tar.ts'
import { type Exec, hostExec, inNetworkNamespace } from '../src/host/exec.ts'
import { createNetworkNamespace, removeNetworkNamespace } from '../src/host/netns.ts'
import { type IPFamilies, type IPFamily, loopbackAddress } from '../src/ip/family.ts'
import { CRIClient } from '../src/kubelet/cri/criclient.ts'
import { runtimeAPI } from '../src/kubelet/cri/runtimeapi.ts'

/** What tests with it need, for whyNot() of needs.ts. */
export const containerdNeeds = 'containerd ctr runc nsenter ip sysctl bridge portmap busybox'.split(' ')

const applets =
  'ash cat chmod chown cp date dd echo env false grep head hostname httpd id ip kill ls md5sum mkdir mktemp mount nc ' +
  'nslookup ping ping6 printenv printf ps rm sed seq sh sleep sort stat stty tail tar tee test timeout touch top tr true ' +
  'tty umount uname wc wget which'

/** The image that tests run, whose programs are Debian's busybox. */
export const busyboxImage = 'docker.io/library/busybox:latest'

export interface BusyboxOptions {
  readonly user?: string
  readonly name?: string
  /** Besides busybox. */
  readonly files?: readonly TarEntry[]
  /** Default: a shell. */
  readonly command?: readonly string[]
}

export function busyboxArchive(options: BusyboxOptions = {}): Buffer {
  const links = applets.split(' ').map(name => ({ path: `bin/${name}`, linkTo: '/bin/busybox' }))
  return formatOCIArchive({
    name: options.name ?? busyboxImage,
    architecture: goArchitecture(process.arch),
    files: [
      { path: 'bin/' },
      { path: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
      ...links,
      { path: 'etc/' },
      { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\nalice:x:1234:5678::/:/bin/sh\n' },
      { path: 'etc/group', content: 'root:x:0:\nalice:x:5678:\nwheel:x:10:alice\n' },
      { path: 'tmp/', mode: 0o1777 },
      { path: 'root/' },
      ...(options.files ?? []),
    ],
    command: options.command ?? ['sh'],
    environment: ['PATH=/bin'],
    ...(options.user ? { user: options.user } : {}),
  })
}

export interface TestContainerd {
  readonly socketPath: string
  /** For a kubelet's files. */
  readonly folder: string
  /** Runs programs in its network. */
  readonly exec: Exec
  /** Below which Pods may have their cgroups. */
  readonly cgroupParent: string
  /** Connects to a port of its loopback, where its streaming server is. */
  connect(port: number): Duplex
  loadImage(archive: Buffer): Promise<void>
  /** What runs goes on. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Removes all Pods, and everything else. */
  remove(): Promise<void>
}

const ranges: Readonly<Record<IPFamily, string>> = { IPv4: '10.98.7.0/24', IPv6: 'fd00:98:7::/64' }
const defaultRoutes: Readonly<Record<IPFamily, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' }

const podNetwork = (folder: string, families: IPFamilies) => ({
  cniVersion: '0.4.0',
  name: 'test',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: `${folder}/ipam`,
        ranges: families.map(family => [{ subnet: ranges[family] }]),
        routes: families.map(family => ({ dst: defaultRoutes[family] })),
      },
    },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ],
})

const configuration = (folder: string, state: string, socketPath: string) => `
version = 2
root = "${folder}/containerd"
state = "${state}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "${socketPath}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`

const ended = (child: ChildProcess) =>
  new Promise<void>(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })

class OwnContainerd implements TestContainerd {
  readonly folder = mkdtempSync(join(tmpdir(), 'futago-containerd-'))
  readonly #name = this.folder.slice(-6)
  readonly #state = `/run/futago-test-${this.#name}`
  readonly socketPath = `${this.#state}/c.sock`
  readonly #namespace = `${this.#state}/net`
  readonly cgroupParent = `/futago-test-${this.#name}`
  readonly exec = inNetworkNamespace(hostExec, this.#namespace)
  readonly #client = new CRIClient(this.socketPath, systemClock)
  #child: ChildProcess | undefined

  async make(families: IPFamilies): Promise<void> {
    mkdirSync(`${this.folder}/cni`, { recursive: true })
    mkdirSync(this.#state, { recursive: true })
    writeFileSync(`${this.folder}/cni/10-test.conflist`, JSON.stringify(podNetwork(this.folder, families)))
    writeFileSync(this.#configFile, configuration(this.folder, this.#state, this.socketPath))
    await createNetworkNamespace(hostExec, this.#namespace)
    // Addresses of its links are answered for at once: nobody else can have them.
    await this.exec.run('sysctl', ['-q', '-w', 'net.ipv6.conf.default.accept_dad=0'])
    await this.start()
    for (const archive of [pauseImageArchive(process.arch), busyboxArchive()]) await this.loadImage(archive)
  }

  get #configFile() {
    return `${this.folder}/containerd.toml`
  }

  async start(): Promise<void> {
    const log = openSync(`${this.folder}/containerd.log`, 'a')
    const args = [`--net=${this.#namespace}`, '--', 'containerd', '-c', this.#configFile]
    this.#child = spawn('nsenter', args, { stdio: ['ignore', log, log] })
    closeSync(log)
    for (let tries = 0; ; tries++) {
      try {
        const { status } = await this.#client.call(runtimeAPI.status, {})
        if (status?.conditions.every(condition => condition.status)) return
      } catch (error) {
        if (tries > 200) throw error
      }
      await systemClock.sleep(50)
    }
  }

  connect(port: number): Duplex {
    const args = [`--net=${this.#namespace}`, '--', 'busybox', 'nc', loopbackAddress.IPv4, String(port)]
    const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const duplex = Duplex.from({ readable: child.stdout, writable: child.stdin })
    duplex.once('close', () => child.kill())
    return duplex
  }

  async loadImage(archive: Buffer): Promise<void> {
    const file = `${this.folder}/image.tar`
    writeFileSync(file, archive)
    await hostExec.run('ctr', ['-a', this.socketPath, '-n', 'k8s.io', 'images', 'import', file])
    rmSync(file)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#child) return
    // nsenter has become containerd.
    this.#child.kill(signal)
    await ended(this.#child)
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async remove(): Promise<void> {
    await this.#removePods().catch(() => undefined)
    await this.#end('SIGTERM')
    this.#client.close()
    await removeNetworkNamespace(hostExec, this.#namespace)
    for (const mount of mountsBelow([this.folder, this.#state])) await hostExec.run('umount', ['-l', mount])
    for (const folder of [this.folder, this.#state]) rmSync(folder, { recursive: true, force: true })
    const root = '/sys/fs/cgroup'
    for (const controller of ['', ...readdirSync(root)]) {
      removeCgroup(join(root, controller, this.cgroupParent))
    }
  }

  async #removePods(): Promise<void> {
    const { items } = await this.#client.call(runtimeAPI.listPodSandbox, {})
    for (const { id } of items) {
      await this.#client.call(runtimeAPI.stopPodSandbox, { podSandboxId: id })
      await this.#client.call(runtimeAPI.removePodSandbox, { podSandboxId: id })
    }
  }
}

/** With those below it. */
function removeCgroup(path: string): void {
  if (!existsSync(path)) return
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(path, entry.name))
  }
  rmdirSync(path)
}

/** The innermost first. */
const mountsBelow = (folders: readonly string[]) =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .filter(path => folders.some(folder => path.startsWith(`${folder}/`)))
    .reverse()

/** Ready to run Pods, with the images of a sandbox and of busybox. */
export async function startContainerd(families: IPFamilies): Promise<TestContainerd> {
  const containerd = new OwnContainerd()
  try {
    await containerd.make(families)
  } catch (error) {
    await containerd.remove()
    throw error
  }
  return containerd
}
