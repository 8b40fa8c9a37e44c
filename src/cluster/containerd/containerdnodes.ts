// The nodes of a cluster that are on this host: each a machine of its own, joined by the bridge, and what
// they need of the host: names resolved, and ways to Pods and Services.

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { KubeletConnector } from '../../api/kubeletapi.ts'
import { nodes } from '../../api/resources/core/node.ts'
import { type Component, startAll, stopAll } from '../../component/component.ts'
import type { LogLevel } from '../../component/log.ts'
import type { Exec } from '../../host/exec.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { connectRemoteKubelets } from '../../kubelet/remoteconnection.ts'
import { nodeAddresses } from '../../kubelet/simulatednodes.ts'
import { ClusterDNS } from '../../network/dns/dns.ts'
import { NodeRoutes } from '../../network/routes/routes.ts'
import { ConfigError } from '../config.ts'
import type { ClusterNodes, NodesContext } from '../nodes.ts'
import { type StateDirectory, writePrivate } from '../statedirectory.ts'
import type { ContainerdHost } from './host.ts'
import { nodeName, nodeNames } from './hostnames.ts'
import { findPluginDirectory } from './hostrequirements.ts'
import { loadImages } from './images.ts'
import type { NodeConfig } from './nodeconfig.ts'
import { issueNodeCredentials } from './nodecredentials.ts'
import { NodeMachine } from './nodemachine.ts'

export interface ContainerdNodesOptions extends NodesContext {
  readonly host: ContainerdHost
  readonly exec: Exec
  readonly directory: StateDirectory
  /** The command line of futago, which `node run` is added to. */
  readonly command: readonly string[]
  readonly logLevel: LogLevel
}

const clusterDomain = 'cluster.local'

export class ContainerdNodes implements ClusterNodes {
  readonly name = 'nodes'
  readonly #options: ContainerdNodesOptions
  readonly #machines: readonly NodeMachine[]
  readonly #onHost: readonly Component[]
  readonly ready: Promise<void>
  readonly connect: KubeletConnector

  constructor(options: ContainerdNodesOptions) {
    this.#options = options
    const { host, clusterDNS, client, informers, clock, log } = options
    const { pki } = options
    this.connect = connectRemoteKubelets({
      credentials: pki.kubeletClient,
      ca: pki.authority.certificate,
      families: host.config.ipFamilies,
      node: name => informers.of(nodes).get(name),
    })
    this.#machines = Array.from({ length: host.config.nodes }, (_, index) => this.#machine(index))
    this.#onHost = [
      new ClusterDNS({
        client,
        informers,
        clock,
        log,
        addresses: host.addresses,
        clusterIPs: clusterDNS,
        domain: clusterDomain,
        ranges: [...host.config.clusterCIDR, ...host.config.serviceClusterIPRange],
      }),
      new NodeRoutes({
        informers,
        clock,
        log,
        exec: options.exec,
        nodeName: '',
        within: host.config.clusterCIDR,
      }),
    ]
    this.ready = Promise.all(this.#machines.map(machine => machine.ready)).then(() => this.#finish())
    this.ready.catch(() => undefined)
  }

  async start(): Promise<void> {
    await startAll(this.#onHost)
    try {
      await Promise.all(this.#machines.map(machine => machine.start()))
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#machines.map(machine => machine.stop()))
    await stopAll(this.#onHost)
  }

  /** What needs nodes that are Ready. */
  async #finish(): Promise<void> {
    const { host, exec, directory } = this.#options
    const { nodes, images, serviceClusterIPRange } = host.config
    if (nodes === 0) return
    await host.underlay.routeServices(serviceClusterIPRange, this.#addresses(0))
    await loadImages({ exec, stateDirectory: resolve(directory.path), nodes, archives: images })
  }

  #addresses(index: number): string[] {
    return nodeAddresses(this.#options.host.config.nodeIPRange, index)
  }

  #machine(index: number): NodeMachine {
    const { host, exec, clock, log, command } = this.#options
    return new NodeMachine({
      exec,
      clock,
      log: log.child('nodes'),
      config: this.#nodeConfig(index),
      place: { underlay: host.underlay, gateways: host.addresses, port: nodeName(index) },
      command,
    })
  }

  #nodeConfig(index: number): NodeConfig {
    const { host, directory, pki, port, clusterDNS, logLevel, clock } = this.#options
    const { config } = host
    const name = nodeName(index)
    const names = nodeNames(host.names, resolve(directory.path), name)
    const addresses = this.#addresses(index)
    const { kubeconfig, serving } = issueNodeCredentials(pki.authority, {
      name,
      addresses,
      server: `https://${joinHostPort(host.addresses[0]!, port)}`,
      nowMs: clock.now(),
    })
    mkdirSync(names.directory, { recursive: true, mode: 0o711 })
    const kubeconfigPath = join(names.directory, 'kubeconfig')
    writePrivate(kubeconfigPath, kubeconfig)
    const pluginDirectory = findPluginDirectory()
    if (!pluginDirectory) throw new ConfigError('Cannot start nodes: the CNI plugins are gone')
    return {
      name,
      addresses,
      directory: names.directory,
      runDirectory: names.runDirectory,
      cgroup: names.cgroup,
      kubeconfig: kubeconfigPath,
      clientCA: pki.authority.certificate,
      servingCertificate: { certificate: serving.certificate, key: serving.key },
      clusterDNS,
      clusterDomain,
      nameservers: host.addresses,
      podNetwork: config.cni,
      gateways: [],
      uplink: 'eth0',
      clusterCIDR: config.clusterCIDR,
      serviceClusterIPRange: config.serviceClusterIPRange,
      loadBalancerIPRange: config.loadBalancerIPRange,
      nodeIPRange: config.nodeIPRange,
      pluginDirectory,
      labels: {},
      logLevel,
    }
  }
}
