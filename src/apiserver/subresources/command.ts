// What exec and attach share: which streams the client wants, and the answer that upgrades the connection.
import { badRequest } from '../../api/status.ts'
import type { StreamSelection } from '../../streaming/remotecommand.ts'
import type { UpgradeAnswer } from '../../streaming/upgrade.ts'
import type { Query } from '../query.ts'
import { textReply } from '../reply.ts'
import type { Reply } from '../request.ts'

/** Which streams the client wants. Throws BadRequest when it is none. */
export function streamSelectionOf(query: Query): StreamSelection {
  const tty = query.flag('tty')
  const selection = {
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr') && !tty,
    tty,
  }
  if (selection.stdin || selection.stdout || selection.stderr) return selection
  throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
}

export const upgradeReply = (upgrade: NonNullable<Reply['upgrade']>): Reply => ({
  status: 101,
  contentType: '',
  body: [],
  upgrade,
})

export function replyOf(answer: UpgradeAnswer): Reply {
  if (answer.type === 'serve') return upgradeReply(answer.serve)
  return textReply(403, answer.text, answer.headers)
}
