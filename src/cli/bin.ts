// The executable: runs the command line it was given. A command that ended well may have an exit code of its
// own, as `verify` has for findings.
import { main } from './main.ts'

const exitCode = await main(process.argv.slice(2))
process.exitCode ||= exitCode
