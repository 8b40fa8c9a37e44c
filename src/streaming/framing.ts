// How a channel's number and its bytes stand in a WebSocket message: as they are, or in base64 for clients
// that can only send text (k8s.io/apimachinery pkg/util/httpstream/wsstream).

export interface Framing {
  frame(channel: number, data: Buffer): Buffer | string
  /** Undefined for what is no message of this form. */
  read(message: Buffer): { readonly channel: number; readonly payload: Buffer } | undefined
}

export const binaryFraming: Framing = {
  frame(channel, data) {
    const message = Buffer.allocUnsafe(data.length + 1)
    message[0] = channel
    data.copy(message, 1)
    return message
  },
  read: message =>
    message.length === 0 ? undefined : { channel: message[0]!, payload: message.subarray(1) },
}

const base64 = /^\d[A-Za-z0-9+/]*={0,2}$/

/** The number is a digit. */
export const base64Framing: Framing = {
  frame: (channel, data) => `${channel}${data.toString('base64')}`,
  read(message) {
    const text = message.toString('latin1')
    if (!base64.test(text)) return undefined
    return { channel: Number(text[0]), payload: Buffer.from(text.slice(1), 'base64') }
  },
}

export const framingOf = (protocol: string): Framing =>
  protocol.includes('base64.') ? base64Framing : binaryFraming
