// The executable: runs the command line it was given.
import { main } from './main.ts'

process.exitCode = await main(process.argv.slice(2))
