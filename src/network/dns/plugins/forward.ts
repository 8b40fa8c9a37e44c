// The world outside the cluster: asked of the servers that the host uses.
import type { DNSPlugin } from '../plugin.ts'

export const forwardPlugin: DNSPlugin = {
  name: 'forward',
  answer: (question, { forward }) => forward(question),
}
