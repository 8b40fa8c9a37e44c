// What people do with a container that runs: look at its log, run commands in it, attach to it, connect to
// its ports. Commands and connections go through the runtime's streaming server, which speaks SPDY.
import type { Duplex, Readable } from 'node:stream'
import type {
  ContainerAccess,
  ContainerReference,
  ExecOptions,
  ExecSession,
  LogOptions,
} from '../../api/kubeletapi.ts'
import { badRequest, internal, StatusError } from '../../api/status.ts'
import { GRPCError, grpcCode } from '../../grpc/channel.ts'
import { openSpdyCommand, openSpdyPort, type SpdyTarget } from '../../streaming/spdyclient.ts'
import type { CommandResult } from '../runtime.ts'
import { readLog } from './logfile.ts'
import type { RunRecord } from './podrecords.ts'
import { type RPC, runtimeAPI } from './runtimeapi.ts'
import { type CRISettings, logFile } from './settings.ts'

export class Sessions implements ContainerAccess {
  readonly #settings: CRISettings
  readonly #connect: SpdyTarget['connect']

  constructor(settings: CRISettings, connect: SpdyTarget['connect']) {
    this.#settings = settings
    this.#connect = connect
  }

  #running({ uid, container }: ContainerReference): RunRecord {
    const record = this.#settings.inventory.pods.get(uid)?.last(container)
    if (record && !record.run.exit) return record
    const message = `container not found ("${container}")`
    throw new StatusError({ code: 404, reason: 'NotFound', message })
  }

  async logs(reference: ContainerReference, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    const { clock, inventory } = this.#settings
    const pod = inventory.pods.get(reference.uid)
    const record = pod?.runs.get(reference.container)?.at(options.previous ? -2 : -1)
    if (!pod || !record) {
      const { container, pod: name } = reference
      throw badRequest(
        options.previous
          ? `previous terminated container "${container}" in pod "${name}" not found`
          : `container "${container}" in pod "${name}" is not available`,
      )
    }
    const path = logFile(this.#settings, pod.identity, record)
    return readLog({ path, clock, isRunning: () => !record.run.exit }, options, signal)
  }

  async run(
    reference: ContainerReference,
    command: readonly string[],
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<CommandResult> {
    try {
      const { id } = this.#running(reference)
      const input = { containerId: id, cmd: command, timeout: Math.ceil(timeoutMs / 1000) }
      // The runtime's own clock has the first word.
      const limits = { timeoutMs: timeoutMs + 1000 }
      const { exitCode, stdout, stderr } = await this.#settings.client.call(
        runtimeAPI.execSync,
        input,
        limits,
      )
      return { type: 'exited', exitCode, output: Buffer.concat([stdout, stderr]).toString() }
    } catch (error) {
      if (error instanceof GRPCError && error.code === grpcCode.deadlineExceeded) return { type: 'timedOut' }
      if (error instanceof GRPCError || error instanceof StatusError) {
        return { type: 'failed', message: error.message }
      }
      throw error
    }
  }

  /** Where the runtime's streaming server has what was asked for. */
  async #target<Input>(rpc: RPC<Input, { readonly url: string }>, input: Input): Promise<SpdyTarget> {
    try {
      const { url } = await this.#settings.client.call(rpc, input)
      return { url: new URL(url), ...(this.#connect ? { connect: this.#connect } : {}) }
    } catch (error) {
      if (!(error instanceof GRPCError)) throw error
      throw internal(error, error.message)
    }
  }

  async exec(reference: ContainerReference, options: ExecOptions): Promise<ExecSession> {
    const { command, stdin, stdout, stderr, tty } = options
    const input = {
      containerId: this.#running(reference).id,
      cmd: command,
      tty,
      stdin,
      stdout,
      stderr: stderr && !tty,
    }
    return openSpdyCommand(await this.#target(runtimeAPI.exec, input), options)
  }

  async attach(reference: ContainerReference, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    const { stdin, stdout, stderr, tty } = options
    const input = { containerId: this.#running(reference).id, tty, stdin, stdout, stderr: stderr && !tty }
    return openSpdyCommand(await this.#target(runtimeAPI.attach, input), options)
  }

  async portForward(pod: Omit<ContainerReference, 'container'>, port: number): Promise<Duplex> {
    const sandbox = this.#settings.inventory.pods.get(pod.uid)?.sandbox
    if (!sandbox?.isReady) {
      throw new StatusError({ code: 404, reason: 'NotFound', message: `pod not found ("${pod.pod}")` })
    }
    const input = { podSandboxId: sandbox.id, port: [port] }
    return openSpdyPort(await this.#target(runtimeAPI.portForward, input), port)
  }
}
