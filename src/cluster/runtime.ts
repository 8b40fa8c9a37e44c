// Which runtime a cluster gets: what was asked for, or containers where this host can run them.
import { ConfigError, type RuntimeName } from './config.ts'

export interface ChosenRuntime {
  readonly runtime: Exclude<RuntimeName, 'auto'>
  /** Why, when nobody asked for it. */
  readonly notice?: string
}

/** `findObstacle` says why this host cannot run containers; it is asked only when that matters. */
export async function chooseRuntime(
  wanted: RuntimeName,
  findObstacle: () => Promise<string | undefined>,
): Promise<ChosenRuntime> {
  if (wanted === 'simulated') return { runtime: 'simulated' }
  const obstacle = await findObstacle()
  if (wanted === 'containerd') {
    if (obstacle) throw new ConfigError(`Cannot use --runtime containerd: ${obstacle}`)
    return { runtime: 'containerd' }
  }
  return obstacle
    ? { runtime: 'simulated', notice: `runtime simulated, containers cannot run: ${obstacle}` }
    : { runtime: 'containerd', notice: 'runtime containerd: this host has all that it needs' }
}
