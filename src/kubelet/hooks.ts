// Lifecycle hooks: what is run right after a container has been started and before it is stopped (upstream
// pkg/kubelet/lifecycle; KEP-3960 for sleep).
import type { Container, LifecycleHandler } from '../api/generated/types.ts'
import type { Clock } from '../component/clock.ts'
import type { NetworkProbes } from './networkprobes.ts'
import type { CommandResult } from './runtime.ts'

export interface HookContext {
  readonly clock: Clock
  readonly container: Container
  readonly run: (
    container: string,
    command: readonly string[],
    options: { readonly timeoutMs: number },
  ) => Promise<CommandResult>
  /** Absent: the node is simulated, and every server answers. */
  readonly network?: NetworkProbes | undefined
  /** The Pod's primary address. */
  readonly host: string
  readonly timeoutMs: number
  /** Aborted: nobody waits for it any more. */
  readonly signal: AbortSignal
}

const ports = ({ ports = [] }: Container) =>
  new Map(ports.map(({ name = '', containerPort }) => [name, containerPort]))

async function runHandler(handler: LifecycleHandler, context: HookContext): Promise<boolean> {
  const { clock, container, network, host, timeoutMs, signal } = context
  const { exec, httpGet, sleep } = handler
  if (sleep) {
    await clock.sleep(Math.min(sleep.seconds * 1000, timeoutMs), signal)
    return true
  }
  if (exec) {
    const result = await context.run(container.name, exec.command ?? [], { timeoutMs })
    return result.type === 'exited' && result.exitCode === 0
  }
  // Any answer at all will do.
  if (!httpGet || !network) return true
  const { outcome, output } = await network.http(httpGet, { host, ports: ports(container), timeoutMs })
  return outcome !== 'failure' || output.startsWith('HTTP probe failed with statuscode')
}

/** Resolves with whether the hook worked; one that is interrupted or takes too long has not. */
export async function runHook(handler: LifecycleHandler, context: HookContext): Promise<boolean> {
  const { clock, timeoutMs, signal } = context
  const done = new AbortController()
  const late = clock.sleep(timeoutMs, AbortSignal.any([signal, done.signal])).then(
    () => false,
    () => false,
  )
  try {
    return await Promise.race([runHandler(handler, context).catch(() => false), late])
  } finally {
    done.abort()
  }
}
