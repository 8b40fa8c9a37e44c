// A node and its surroundings as network namespaces on this machine, for tests with real packets: Pods on
// the node's bridge, a Pod of another node, a client outside; an agent in each that serves and asks.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Exec, hostExec, inNetworkNamespace } from '../src/host/exec.ts'
import { createNetworkNamespace, removeNetworkNamespace } from '../src/host/netns.ts'
import { addressBits, type IPFamilies, type IPFamily } from '../src/ip/family.ts'

/** Why traffic cannot be tested here; undefined: it can. */
export function missingForTraffic(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  for (const [program, flag] of [
    ['nft', '--version'],
    ['ip', '-V'],
    ['conntrack', '--version'],
    ['nsenter', '--version'],
  ] as const) {
    try {
      execFileSync(program, [flag], { stdio: 'ignore' })
    } catch {
      return `needs ${program}`
    }
  }
  return undefined
}

type Question =
  | { readonly kind: 'serve'; readonly name: string; readonly port: number }
  | {
      readonly kind: 'tcp' | 'udp'
      readonly host: string
      readonly port: number
      readonly localPort?: number
      readonly timeoutMs?: number
    }

export class Place {
  readonly name: string
  readonly exec: Exec
  readonly #agent: ChildProcess
  readonly #waiting = new Map<number, (answer: string) => void>()
  #next = 0

  constructor(name: string, path: string) {
    this.name = name
    this.exec = inNetworkNamespace(hostExec, path)
    const script = fileURLToPath(new URL('networkagent.mjs', import.meta.url))
    this.#agent = spawn('nsenter', [`--net=${path}`, '--', process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#agent.stdout! }).on('line', line => {
      const { id, answer } = JSON.parse(line)
      this.#waiting.get(id)?.(answer)
    })
  }

  ask(question: Question): Promise<string> {
    const id = this.#next++
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#agent.stdin!.write(`${JSON.stringify({ id, ...question })}\n`)
    })
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#agent.once('close', resolve))
    this.#agent.stdin!.end()
    await ended
  }
}

/** Host parts of the lab's addresses; `/24` and `/64` networks. */
const networks: Readonly<Record<string, Readonly<Record<IPFamily, string>>>> = {
  pods: { IPv4: '10.244.1.', IPv6: 'fd00:10:244:1::' },
  otherPods: { IPv4: '10.244.2.', IPv6: 'fd00:10:244:2::' },
  outside: { IPv4: '192.168.77.', IPv6: 'fd00:192:168:77::' },
}
const prefixLengths: Readonly<Record<IPFamily, number>> = { IPv4: 24, IPv6: 64 }
const anywhere: Readonly<Record<IPFamily, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' }

export const addressIn = (
  network: 'pods' | 'otherPods' | 'outside',
  family: IPFamily,
  host: number,
): string => `${networks[network]![family]}${host}`

const linked = (network: 'pods' | 'otherPods' | 'outside', family: IPFamily, host: number) =>
  `${addressIn(network, family, host)}/${prefixLengths[family]}`

export interface Lab {
  readonly node: Place
  /** On the node's bridge: addresses 2 and 3 of `pods`. */
  readonly podA: Place
  readonly podB: Place
  /** Of another node: address 2 of `otherPods`. */
  readonly podC: Place
  /** Address 2 of `outside`; the node has 1. */
  readonly client: Place
  stop(): Promise<void>
}

/** The link between the node and one other place, addresses and a default route on the far side. */
function connectPlaces(
  families: IPFamilies,
  link: {
    network: 'pods' | 'otherPods' | 'outside'
    near: string
    host: number
    path: string
    bridge?: string
  },
) {
  const { network, near, host, path, bridge } = link
  const nearSide = bridge
    ? [`link set ${near} master ${bridge} up`, `link set ${near} type bridge_slave hairpin on`]
    : [`link set ${near} up`, ...families.map(f => `addr add ${linked(network, f, 1)} dev ${near} ${dad(f)}`)]
  const farSide = [
    'link set eth0 up',
    // Alone on its network, so that Pods of one node reach each other through the node and not past it.
    ...families.map(f => `addr add ${addressIn(network, f, host)} dev eth0 ${dad(f)}`),
    ...families.map(f => `route add ${addressIn(network, f, 1)} dev eth0`),
    ...families.map(f => `route add ${anywhere[f]} via ${addressIn(network, f, 1)} dev eth0`),
  ]
  return { nearSide: [`link add ${near} type veth peer name eth0 netns ${path}`, ...nearSide], farSide }
}

/** The address works at once: nobody else can have it. */
const dad = (family: IPFamily) => (addressBits[family] === 128 ? 'nodad' : '')

async function ip(exec: Exec, commands: readonly string[]): Promise<void> {
  for (const command of commands) await exec.run('ip', command.split(' ').filter(Boolean))
}

const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']

const placeNames = ['node', 'podA', 'podB', 'podC', 'client'] as const

async function connectAll(families: IPFamilies, path: (name: string) => string): Promise<void> {
  for (const name of placeNames) {
    await createNetworkNamespace(hostExec, path(name))
    // While a link-local address is being tried out, no neighbour is found.
    await inNetworkNamespace(hostExec, path(name)).run('sysctl', [
      '-qw',
      'net.ipv6.conf.default.accept_dad=0',
    ])
  }
  const node = inNetworkNamespace(hostExec, path('node'))
  await node.run('sysctl', ['-qw', ...forwarding])
  await ip(node, [
    'link add pods type bridge',
    'link set pods up',
    ...families.map(family => `addr add ${linked('pods', family, 1)} dev pods ${dad(family)}`),
  ])
  const links = [
    { network: 'pods', near: 'pod-a', host: 2, path: path('podA'), bridge: 'pods' },
    { network: 'pods', near: 'pod-b', host: 3, path: path('podB'), bridge: 'pods' },
    { network: 'otherPods', near: 'pod-c', host: 2, path: path('podC') },
    { network: 'outside', near: 'uplink', host: 2, path: path('client') },
  ] as const
  for (const link of links) {
    const { nearSide, farSide } = connectPlaces(families, link)
    await ip(node, nearSide)
    await ip(inNetworkNamespace(hostExec, link.path), farSide)
  }
  await ip(
    node,
    families.map(f => `route add ${anywhere[f]} via ${addressIn('outside', f, 2)}`),
  )
}

/** Namespaces, links and agents; `families` are the node's. */
export async function startLab(families: IPFamilies): Promise<Lab> {
  const directory = mkdtempSync(join(tmpdir(), 'futago-lab-'))
  const path = (name: string) => join(directory, name)
  const places: Place[] = []
  const stop = async () => {
    for (const place of places) await place.stop()
    for (const name of placeNames) await removeNetworkNamespace(hostExec, path(name))
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await connectAll(families, path)
  } catch (error) {
    await stop()
    throw error
  }
  for (const name of placeNames) places.push(new Place(name, path(name)))
  const [node, podA, podB, podC, client] = places
  return { node: node!, podA: podA!, podB: podB!, podC: podC!, client: client!, stop }
}
