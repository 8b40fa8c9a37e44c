// Another machine for tests: a network namespace with a cable to this host, on which a node can be.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importImages } from '../src/cluster/containerd/images.ts'
import { hostExec, inNetworkNamespace } from '../src/host/exec.ts'
import { removeLink, runIPCommands } from '../src/host/link.ts'
import { createNetworkNamespace, removeNetworkNamespace } from '../src/host/netns.ts'
import { newHome } from './futago.ts'
import { root } from './kubectl.ts'

/** Ends with the process that made it: what is left of one that was killed goes with the next. */
const links = 'futfar'
const link = `${links}${process.pid}`
/** Another run of the tests, on the same host, has others. */
const subnet = process.pid % 256
const address = (host: number) => [`198.18.${subnet}.${host}`, `fd00:77:${subnet}::${host}`]
const gateways = address(1)
const lengths = [24, 64]
const hostAddresses = gateways.map((gateway, index) => `${gateway}/${lengths[index]}`)

async function removeLeftLinks(): Promise<void> {
  for (const name of readdirSync('/sys/class/net').filter(name => name.startsWith(links))) {
    if (!existsSync(`/proc/${name.slice(links.length)}`)) await removeLink(hostExec, name)
  }
}

export interface JoinedProcess {
  /** What it said first. */
  readonly line: string
  /** Resolves with the exit code. */
  leave(): Promise<number | null>
}

class Machine {
  readonly addresses = address(9)
  readonly #path = join(newHome(), 'machine')
  readonly #exec = inNetworkNamespace(hostExec, this.#path)
  #process: ChildProcess | undefined
  /** Its links, routes and tables before anything was done to it. */
  fresh: unknown

  async make(): Promise<void> {
    await removeLeftLinks()
    await createNetworkNamespace(hostExec, this.#path)
    await this.#exec.run('sysctl', ['-q', '-w', 'net.ipv6.conf.default.accept_dad=0'])
    await runIPCommands(hostExec, [
      `link add name ${link} type veth peer name eth0 netns ${this.#path}`,
      ...hostAddresses.map(cidr => `address add ${cidr} dev ${link} nodad`),
    ])
    await hostExec.run('sysctl', ['-q', '-w', `net.ipv6.conf.${link}.accept_dad=0`])
    await runIPCommands(hostExec, [`link set ${link} up`])
    await runIPCommands(this.#exec, [
      ...this.addresses.map((address, index) => `address add ${address}/${lengths[index]} dev eth0 nodad`),
      'link set eth0 up',
      ...gateways.map(via => `route add default via ${via}`),
    ])
    this.fresh = await this.state()
  }

  async state(): Promise<unknown> {
    const run = async (command: string, ...args: string[]) => (await this.#exec.run(command, args)).stdout
    const [links, tables, ...routes] = await Promise.all([
      run('ip', '-o', '-br', 'address'),
      run('nft', 'list', 'tables'),
      run('ip', '-4', 'route'),
      run('ip', '-6', 'route'),
    ])
    // Tables of iptables are made on first use, and stay.
    return { links, routes, tables: tables.split('\n').filter(line => line.includes('futago')) }
  }

  async join(home: string, kubeconfig: string): Promise<JoinedProcess> {
    const command = [process.execPath, join(root, 'dist/cli.js'), 'node', 'join', '--kubeconfig', kubeconfig]
    const child = spawn('nsenter', [`--net=${this.#path}`, '--', ...command], {
      env: { ...process.env, FUTAGO_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    const line = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout.on('data', chunk => resolve(String(chunk).trim()))
      child.stderr.on('data', chunk => {
        said += chunk
      })
      child.once('close', code => reject(new Error(`futago node join ended with ${code}: ${said}`)))
    })
    return { line, leave: () => this.#leave() }
  }

  /** Into the containerd of the node that has joined. */
  async loadImage(home: string, archive: string): Promise<void> {
    const config = JSON.parse(readFileSync(join(home, 'joined/far/node.json'), 'utf8'))
    await importImages(hostExec, join(config.runDirectory, 'containerd.sock'), archive)
  }

  async #leave(): Promise<number | null> {
    const child = this.#process
    if (!child || child.exitCode !== null) return child?.exitCode ?? null
    const ended = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
    child.kill('SIGTERM')
    return ended
  }

  async remove(): Promise<void> {
    await this.#leave()
    await removeLink(hostExec, link)
    await removeNetworkNamespace(hostExec, this.#path)
  }
}

export async function startMachine(): Promise<Machine> {
  const machine = new Machine()
  try {
    await machine.make()
  } catch (error) {
    await machine.remove()
    throw error
  }
  return machine
}
