// The program that holds a Pod's namespaces, and a node's: it waits for ever, leaves no zombies (its
// children's ends are ignored, so the kernel clears them) and ends at once when told to. No image and no
// compiler is at hand where no registry is, so it is written here, in machine code: a static ELF executable
// (System V ABI, one segment) of a few hundred bytes.
import { formatOCIArchive, goArchitecture } from './ociarchive.ts'

/** The name under which the sandbox image is known to containerd. */
export const pauseImage = 'localhost/futago-pause:1'

interface Machine {
  /** e_machine of the ELF header. */
  readonly number: number
  /** Its code, then (aligned to 8 bytes) two sigaction structures of 32 bytes, which follow below. */
  readonly code: string
  /** Where in the code the process is ended. */
  readonly exitOffset: number
  /** SA_RESTORER, where the kernel wants a handler to have a way back, though this one takes none. */
  readonly actionFlags: number
}

const machines: Readonly<Record<string, Machine>> = {
  x64: {
    number: 62,
    exitOffset: 0x43,
    actionFlags: 0x0400_0000,
    code: `
      31d2                xor edx, edx            ; no old action wanted
      41ba08000000        mov r10d, 8             ; bytes of a signal mask
      bf11000000          mov edi, 17             ; SIGCHLD
      488d353c000000      lea rsi, [ignore]
      b80d000000          mov eax, 13             ; rt_sigaction
      0f05                syscall
      bf0f000000          mov edi, 15             ; SIGTERM
      488d3549000000      lea rsi, [leave]
      b80d000000          mov eax, 13
      0f05                syscall
      bf02000000          mov edi, 2              ; SIGINT
      b80d000000          mov eax, 13
      0f05                syscall
      b822000000          mov eax, 34             ; wait: pause
      0f05                syscall
      ebf7                jmp wait
      31ff                xor edi, edi            ; exit code 0
      b83c000000          mov eax, 60             ; exit
      0f05                syscall
      0f1f4000            nop`,
  },
  arm64: {
    number: 183,
    exitOffset: 0x50,
    actionFlags: 0,
    code: `
      020080d2            mov x2, #0
      030180d2            mov x3, #8
      200280d2            mov x0, #17             ; SIGCHLD
      a1020010            adr x1, ignore
      c81080d2            mov x8, #134            ; rt_sigaction
      010000d4            svc #0
      e00180d2            mov x0, #15             ; SIGTERM
      21030010            adr x1, leave
      c81080d2            mov x8, #134
      010000d4            svc #0
      400080d2            mov x0, #2              ; SIGINT
      c81080d2            mov x8, #134
      010000d4            svc #0
      000080d2            mov x0, #0              ; wait: for nothing, without a limit
      010080d2            mov x1, #0
      020080d2            mov x2, #0
      030080d2            mov x3, #0
      280980d2            mov x8, #73             ; ppoll
      010000d4            svc #0
      faffff17            b wait
      000080d2            mov x0, #0              ; exit code 0
      a80b80d2            mov x8, #93             ; exit
      010000d4            svc #0
      1f2003d5            nop`,
  },
}

const loadAddress = 0x40_0000n
const fileHeaderBytes = 64
const programHeaderBytes = 56
const codeOffset = fileHeaderBytes + programHeaderBytes
const ignoreSignal = 1n

const machineCode = (listing: string) =>
  Buffer.from(
    listing
      .trim()
      .split('\n')
      .map(line => line.trim().split(' ')[0])
      .join(''),
    'hex',
  )

const words = (...values: readonly bigint[]) => {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * index)
  return bytes
}

/** The executable, for an architecture as Node names it; throws for one that it is not written for. */
export function pauseProgram(architecture: string): Buffer {
  const machine = machines[architecture]
  if (!machine) {
    const expected = Object.keys(machines).join(' or ')
    throw new Error(`Cannot make the pause program for ${architecture}: expected ${expected}`)
  }
  const entry = loadAddress + BigInt(codeOffset)
  const exit = entry + BigInt(machine.exitOffset)
  const body = Buffer.concat([
    machineCode(machine.code),
    words(ignoreSignal, 0n, 0n, 0n),
    words(exit, BigInt(machine.actionFlags), exit, 0n),
  ])
  const size = BigInt(codeOffset + body.length)
  const header = Buffer.alloc(fileHeaderBytes)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(machine.number, 18)
  header.writeUInt32LE(1, 20)
  header.set(words(entry, BigInt(fileHeaderBytes), 0n), 24)
  header.writeUInt16LE(fileHeaderBytes, 52)
  header.writeUInt16LE(programHeaderBytes, 54)
  header.writeUInt16LE(1, 56)
  const loadReadExecute = 1n | (5n << 32n)
  const segment = words(loadReadExecute, 0n, loadAddress, loadAddress, size, size, 0x1000n)
  return Buffer.concat([header, segment, body])
}

/** The image of every Pod's sandbox, as an archive. */
export function pauseImageArchive(architecture: string): Buffer {
  return formatOCIArchive({
    name: pauseImage,
    architecture: goArchitecture(architecture),
    files: [{ path: 'pause', mode: 0o755, content: pauseProgram(architecture) }],
    entrypoint: ['/pause'],
    user: '65535:65535',
  })
}
