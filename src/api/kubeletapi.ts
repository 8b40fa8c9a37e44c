// The calls an API server makes to a node's kubelet: logs, exec, attach, port-forward, what is used. A
// simulated node answers them in process; a kubelet on another machine through its own server.
import type { Duplex, Readable, Writable } from 'node:stream'

export interface ContainerReference {
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly container: string
}

export interface LogOptions {
  readonly follow?: boolean
  readonly previous?: boolean
  readonly timestamps?: boolean
  readonly sinceSeconds?: number
  /** RFC 3339. */
  readonly sinceTime?: string
  readonly tailLines?: number
  readonly limitBytes?: number
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export interface ExecOptions {
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export type ExecOutcome =
  /** The command ran to its end. */
  | { readonly type: 'exited'; readonly exitCode: number }
  /** It could not be run or was cut off; the message is the kubelet's. */
  | { readonly type: 'failed'; readonly message: string }

export interface ExecSession {
  /** Present when asked for; ending it is end-of-file for the command. */
  readonly stdin?: Writable
  readonly stdout?: Readable
  /** Never with a terminal: there it is part of stdout. */
  readonly stderr?: Readable
  resize(size: TerminalSize): void
  readonly outcome: Promise<ExecOutcome>
  /** Ends the session; a command that still runs is left alone, as the kubelet does. */
  close(): void
}

/** What may be asked of a node's containers. */
export interface ContainerAccess {
  /** Throws a StatusError (BadRequest while the container waits to start, NotFound ...). */
  logs(container: ContainerReference, options: LogOptions, signal: AbortSignal): Promise<Readable>
  exec(container: ContainerReference, options: ExecOptions): Promise<ExecSession>
  attach(container: ContainerReference, options: Omit<ExecOptions, 'command'>): Promise<ExecSession>
  portForward(pod: Omit<ContainerReference, 'container'>, port: number): Promise<Duplex>
}

/** What a container or a node has used, for metrics. */
export interface Usage {
  /** Milliseconds since the epoch: when it was measured. */
  readonly timeMs: number
  /** RFC 3339. */
  readonly startedAt: string
  /** Since it was started. */
  readonly cpuNanoseconds: number
  readonly memoryWorkingSetBytes: number
}

export interface ContainerUsage extends Usage {
  readonly name: string
}

export interface PodUsage {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** Of the containers that run. */
  readonly containers: readonly ContainerUsage[]
}

export interface NodeUsage {
  readonly node: Usage
  readonly pods: readonly PodUsage[]
}

export interface KubeletConnection extends ContainerAccess {
  usage(): Promise<NodeUsage>
  /** A connection on which the kubelet's own server speaks HTTP/1.1, for nodes/proxy. */
  connect(): Promise<Duplex>
}

/**
 * How the API server finds a node's kubelet; throws a StatusError when the node is unknown or cannot be
 * reached.
 */
export type KubeletConnector = (nodeName: string) => Promise<KubeletConnection>
