// What a runtime says of a container, as the kubelet has it: times, the reason of its end and the message
// that it left: its file, or the end of its log where the container asked for that (upstream
// pkg/kubelet/kuberuntime/kuberuntime_container.go).
import { open } from 'node:fs/promises'
import { formatTime } from '../../api/meta/timestamps.ts'
import type { Clock } from '../../component/clock.ts'
import type { ContainerExit, RuntimeContainer } from '../runtime.ts'
import { containerAnnotations } from './containerconfig.ts'
import { lastLines } from './logfile.ts'
import { type CRIContainerStatus, containerState } from './runtimeapi.ts'

const maxMessageBytes = 4096
const maxLogBytes = 2048
const maxLogLines = 80

const timeOf = (nanoseconds: number) => formatTime(nanoseconds / 1_000_000)

async function startOf(path: string, length: number): Promise<string> {
  try {
    await using file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  }
}

async function messageOf(status: CRIContainerStatus, clock: Clock): Promise<string> {
  const { annotations, exitCode, logPath } = status
  const file = annotations[containerAnnotations.terminationMessageFile] ?? ''
  const message = file === '' ? '' : await startOf(file, maxMessageBytes)
  const policy = annotations[containerAnnotations.terminationMessagePolicy]
  if (message !== '' || policy !== 'FallbackToLogsOnError' || exitCode === 0) return message
  return lastLines(logPath, { lines: maxLogLines, bytes: maxLogBytes, clock })
}

/** Of a container that the runtime does not know, or not any more. */
export const lostExit = (clock: Clock): ContainerExit => ({
  exitCode: 137,
  finishedAt: formatTime(clock.now()),
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the runtime was asked for it',
})

async function exitOf(status: CRIContainerStatus, clock: Clock): Promise<ContainerExit | undefined> {
  const { state, exitCode, finishedAt, reason } = status
  if (state === containerState.unknown) return lostExit(clock)
  if (state !== containerState.exited) return undefined
  const message = (await messageOf(status, clock)) || (reason === 'StartError' ? status.message : '')
  return {
    exitCode,
    finishedAt: timeOf(finishedAt),
    reason: reason || (exitCode === 0 ? 'Completed' : 'Error'),
    ...(message === '' ? {} : { message }),
  }
}

/** The run of a container; the runtime's name comes before its id. */
export async function runOf(
  status: CRIContainerStatus,
  { runtime, clock }: { readonly runtime: string; readonly clock: Clock },
): Promise<RuntimeContainer> {
  const exit = await exitOf(status, clock)
  const { id, metadata, startedAt, createdAt, annotations, imageRef } = status
  return {
    name: metadata?.name ?? '',
    id: `${runtime}://${id}`,
    image: annotations[containerAnnotations.image] ?? status.image?.image ?? '',
    imageID: imageRef,
    attempt: metadata?.attempt ?? 0,
    startedAt: timeOf(startedAt || createdAt),
    ...(exit ? { exit } : {}),
  }
}
