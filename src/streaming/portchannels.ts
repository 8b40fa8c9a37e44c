// port-forward over a WebSocket without SPDY, as client libraries do it: the ports are named in the request,
// each has a channel for data and one for errors, and both open with the port's number (v4.channel.k8s.io,
// the kubelet's portforward/websocket.go).
import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import type WebSocket from 'ws'
import { badRequest } from '../api/status.ts'
import {
  acceptWebSocket,
  Incoming,
  normalClosure,
  outgoing,
  sendOn,
  type UpgradedConnection,
} from './websocket.ts'

export const portChannelsProtocol = 'v4.channel.k8s.io'

/** Of the query parameter, which may be there several times and hold several. Throws BadRequest. */
export function parsePorts(texts: readonly string[]): number[] {
  if (texts.length === 0) throw badRequest('query parameter "port" is required')
  return texts
    .flatMap(text => text.split(','))
    .map(text => {
      if (text === '') throw badRequest('query parameter "port" cannot be empty')
      if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
        throw badRequest(`unable to parse "${text}" as a port`)
      }
      if (Number(text) === 0) throw badRequest(`port "${text}" must be > 0`)
      return Number(text)
    })
}

export interface PortChannelsOptions {
  readonly ports: readonly number[]
  /** Opens a connection to a port of the Pod; rejects with the reason why it cannot. */
  readonly connect: (port: number) => Promise<Duplex>
  /** What a client is told that its port cannot be had. */
  readonly explain: (port: number, reason: unknown) => string
}

interface PortChannel {
  readonly socket: WebSocket
  readonly port: number
  /** Of the data; that of the errors is the next one. */
  readonly number: number
  readonly incoming: Incoming
}

async function join({ socket, number, incoming }: PortChannel, remote: Duplex): Promise<void> {
  const close = () => remote.destroy()
  if (socket.readyState !== socket.OPEN) close()
  socket.once('close', close)
  try {
    incoming.pipe(remote)
    await Promise.all([
      finished(remote, { writable: false }),
      finished(remote.pipe(outgoing(socket, number)), { readable: false }),
    ])
  } finally {
    socket.off('close', close)
    remote.destroy()
  }
}

async function forward(channel: PortChannel, { connect, explain }: PortChannelsOptions): Promise<void> {
  const { socket, number, port } = channel
  const opening = Buffer.alloc(2)
  opening.writeUInt16LE(port)
  await sendOn(socket, number, opening)
  await sendOn(socket, number + 1, opening)
  try {
    await join(channel, await connect(port))
  } catch (reason) {
    await sendOn(socket, number + 1, Buffer.from(explain(port, reason)))
  }
}

/** Serves the ports until the last of their connections ends, or the client goes away. */
export async function forwardPortChannels(
  connection: UpgradedConnection,
  options: PortChannelsOptions,
): Promise<void> {
  const socket = await acceptWebSocket(connection, portChannelsProtocol)
  const channels = options.ports.map((port, index) => ({
    socket,
    port,
    number: 2 * index,
    incoming: new Incoming(socket),
  }))
  socket.on('message', (data: Buffer) => {
    const number = data[0] ?? 1
    if (number % 2 === 0 && data.length > 1) channels[number / 2]?.incoming.accept(data.subarray(1))
  })
  socket.on('error', () => socket.terminate())
  socket.once('close', () => {
    for (const { incoming } of channels) incoming.end()
  })
  // What cannot be sent has nobody to be told: the client is gone.
  await Promise.all(channels.map(channel => forward(channel, options).catch(() => undefined)))
  socket.close(normalClosure)
}
