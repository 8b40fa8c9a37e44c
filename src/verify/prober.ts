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
  /** GET / answers one line `<pod name> <client address>`. */
  readonly httpPort: number
  /** Any datagram is answered with the Pod's name. */
  readonly udpPort: number
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
}

export interface ScriptResult {
  readonly stdout: string
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
  /**
   * Runs a POSIX shell script to its end. Functions that the prelude defines, whatever tools the image has:
   * `http URL` (body of a GET, 3 s limit, [brackets] for IPv6), `udp ADDRESS PORT` (one datagram and its
   * answer), `tcp ADDRESS PORT` (connects; exit code), `resolve TYPE NAME [SERVER]` (A or AAAA: one
   * `address` per line, or `NODATA`, `NXDOMAIN`, `SERVFAIL`, `TIMEOUT`), `now` (milliseconds).
   */
  run(script: string, options: ScriptOptions): Promise<ScriptResult>
}
