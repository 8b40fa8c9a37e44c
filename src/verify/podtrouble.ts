// Why a probe Pod does not start, in one sentence that says what to do: the image cannot be pulled, the Pod
// is not scheduled, its sandbox has no network.
import type { Pod } from '../api/generated/types.ts'
import { ProbeError } from './probeerror.ts'

const pullReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'])

const waitingOf = ({ status }: Pod) =>
  status?.containerStatuses?.map(({ state }) => state?.waiting).find(waiting => waiting !== undefined)

function pullTrouble(pod: Pod, image: string): ProbeError | undefined {
  const waiting = waitingOf(pod)
  if (!pullReasons.has(waiting?.reason ?? '')) return undefined
  const node = pod.spec?.nodeName ?? ''
  const detail = waiting?.message ? `: ${waiting.message}` : ''
  return new ProbeError({
    en:
      `the image ${image} cannot be pulled on node ${node} (${waiting?.reason}${detail}); name one that it can ` +
      'pull with --image IMAGE, or a mirror of registry.k8s.io with --image PREFIX/',
    ja:
      `イメージ ${image} をノード ${node} で取得できません（${waiting?.reason}${detail}）。取得できるイメージを --image IMAGE で、` +
      'または registry.k8s.io のミラーを --image PREFIX/ で指定してください',
  })
}

/** Undefined while there is hope; with `afterMs`, the Pod has been waited for that long already. */
export function podTrouble(pod: Pod, image: string, afterMs?: number): ProbeError | undefined {
  const pull = pullTrouble(pod, image)
  if (pull || afterMs === undefined) return pull
  const { name } = pod.metadata
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  const waiting = waitingOf(pod)
  const why =
    scheduled?.status === 'False'
      ? `${scheduled.reason}: ${scheduled.message}`
      : waiting
        ? `${waiting.reason}${waiting.message ? `: ${waiting.message}` : ''}`
        : `phase ${pod.status?.phase ?? 'unknown'}${pod.status?.message ? `: ${pod.status.message}` : ''}`
  const seconds = afterMs / 1000
  return new ProbeError({
    en: `the probe Pod ${name} did not start within ${seconds} s (${why})`,
    ja: `プローブPod ${name} が ${seconds} 秒以内に起動しませんでした（${why}）`,
  })
}
