// Keeps the process alive while a run waits: the clock's timers do not, and between two requests nothing else
// may be open.
import { MessageChannel } from 'node:worker_threads'

/** Returns the function that ends it. */
export function keepAlive(): () => void {
  const { port1, port2 } = new MessageChannel()
  port1.on('message', () => undefined)
  return () => {
    port1.close()
    port2.close()
  }
}
