// Where clusters keep their directories: $FUTAGO_HOME, else ~/.futago.
import { homedir } from 'node:os'
import { join } from 'node:path'

export const stateRoot = (): string => process.env['FUTAGO_HOME'] ?? join(homedir(), '.futago')
