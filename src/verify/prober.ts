// Runs things in the cluster: servers, one on each sampled node, that answer with their own name and the
// client's address over TCP (HTTP) and UDP in both families; and shell scripts in Pods on chosen nodes, whose
// output comes back over their logs. Scripts that are asked for at the same time for the same node share one
// Pod, so that a run needs few of them. Works with the agnhost image and with plain busybox; never uses exec.
import type { Pod } from '../api/generated/types.ts'

export interface ProbeServer {
  readonly node: string
  readonly pod: Pod
  /** In the order of status.podIPs. */
  readonly addresses: readonly string[]
  /** GET /hostname answers the Pod's name, /clientip the client's `address:port`, /echo?msg=X what it got. */
  readonly httpPort: number
  /** `hostname`, `clientip` and `echo X` are answered likewise. */
  readonly udpPort: number
}

export interface ServerOptions {
  /** The check's id, for names and messages. */
  readonly check: string
  readonly node: string
  /** For the selectors of Services and policies. */
  readonly labels: Readonly<Record<string, string>>
  /** In the node's own network, on ports of its own; only with the need `hostNetwork`. */
  readonly hostNetwork?: boolean
  readonly signal?: AbortSignal
}

export interface ScriptOptions {
  /** The check's id, for names and messages. */
  readonly check: string
  readonly node: string
  /** In the node's own network; only with the need `hostNetwork`. */
  readonly hostNetwork?: boolean
  /** A Pod of its own, with these labels: for NetworkPolicies, affinity, hairpin. Default: shared. */
  readonly labels?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Called as soon as the Pod runs: for what is done to the cluster while the script goes on. */
  readonly onRunning?: (pod: Pod) => void
  /** Called with what the script has said so far, several times a second; it gets a Pod of its own. */
  readonly onOutput?: (stdout: string) => void
}

export interface ScriptResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** Of the Pod it ran in, in the order of status.podIPs. */
  readonly podIPs: readonly string[]
}

export interface Prober {
  /**
   * The probe servers, one per sampled node and ready to answer; started at the first call. Their labels
   * are `serverLabels`, for the selectors of Services.
   */
  servers(): Promise<readonly ProbeServer[]>
  readonly serverLabels: Readonly<Record<string, string>>
  /** One more server, for a check that needs its own; ready to answer. Remove it with the workspace. */
  startServer(options: ServerOptions): Promise<ProbeServer>
  /**
   * Runs a POSIX shell script to its end. Functions that the prelude defines, whatever tools the image has
   * (URLs and Services take IPv6 addresses in [brackets], the others plain): see prelude.ts.
   */
  run(script: string, options: ScriptOptions): Promise<ScriptResult>
}
