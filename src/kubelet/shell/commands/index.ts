// The executables of a simulated container. Those that are not here do not exist there: a command that
// would need a network or a kernel is missing rather than pretended.
import type { CommandFunction, Commands } from '../world.ts'
import { archiveCommands } from './archive.ts'
import { fileCommands } from './files.ts'
import { networkCommands } from './network.ts'
import { shellCommands } from './shells.ts'
import { systemCommands } from './system.ts'
import { textCommands } from './text.ts'

const commands: Commands = {
  ...archiveCommands,
  ...fileCommands,
  ...networkCommands,
  ...shellCommands,
  ...systemCommands,
  ...textCommands,
}

const folders = /^\/(usr\/(local\/)?)?s?bin\//

export const commandNames: readonly string[] = Object.keys(commands).sort()

/** By name, or by its path in one of the usual folders. */
export function findCommand(name: string): CommandFunction | undefined {
  const plain = name.replace(folders, '')
  return Object.hasOwn(commands, plain) ? commands[plain] : undefined
}

export const isCommand = (name: string): boolean => findCommand(name) !== undefined
