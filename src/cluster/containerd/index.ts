// What the composition root loads only for a cluster that runs containers.
import { resolve } from 'node:path'
import { Client } from '../../client/client.ts'
import { clientConfig, loadKubeconfig } from '../../client/kubeconfig.ts'
import { httpsTransport } from '../../client/transport.ts'
import { systemClock } from '../../component/clock.ts'
import { hostExec } from '../../host/exec.ts'
import { loadConfig } from '../config.ts'
import { chooseRuntime } from '../runtime.ts'
import { ContainerdNodes, type ContainerdNodesOptions } from './containerdnodes.ts'
import { ContainerdHost, type HostOptions } from './host.ts'
import { findObstacle, hostFacts } from './hostrequirements.ts'
import { type LoadOptions, loadImages } from './images.ts'
import { type InviteOptions, inviteNode } from './invitation.ts'

/** Undefined: this host cannot run containers, and nobody insists. Throws ConfigError. */
export async function claimHost(options: Omit<HostOptions, 'exec'>): Promise<ContainerdHost | undefined> {
  const wanted = loadConfig(options.options).runtime
  const { runtime, notice } = await chooseRuntime(wanted, () =>
    findObstacle(hostFacts(hostExec, resolve(options.directory.path))),
  )
  if (notice) options.notify(notice)
  return runtime === 'containerd' ? ContainerdHost.claim({ ...options, exec: hostExec }) : undefined
}

export const containerdNodes = (options: Omit<ContainerdNodesOptions, 'exec'>): ContainerdNodes =>
  new ContainerdNodes({ ...options, exec: hostExec })

export const loadImagesInto = (options: Omit<LoadOptions, 'exec'>): Promise<void> =>
  loadImages({ ...options, exec: hostExec })

export async function inviteToCluster(
  options: Omit<InviteOptions, 'exec' | 'nowMs' | 'client'>,
): Promise<string> {
  const kubeconfig = await loadKubeconfig([options.directory.file('kubeconfig')])
  const transport = httpsTransport(await clientConfig(kubeconfig))
  try {
    const client = new Client(transport)
    return await inviteNode({ ...options, client, exec: hostExec, nowMs: systemClock.now() })
  } finally {
    transport.close()
  }
}
