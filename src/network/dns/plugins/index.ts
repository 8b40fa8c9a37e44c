// The plugins in the order in which they are asked; the last one passes nothing on.
import type { DNSPlugin } from '../plugin.ts'
import { apexPlugin } from './apex.ts'
import { endpointPlugin } from './endpoint.ts'
import { externalNamePlugin } from './externalname.ts'
import { forwardPlugin } from './forward.ts'
import { metaQueryPlugin } from './metaquery.ts'
import { podPlugin } from './pod.ts'
import { reversePlugin } from './reverse.ts'
import { servicePlugin } from './service.ts'
import { zonePlugin } from './zone.ts'

export const plugins: readonly DNSPlugin[] = [
  metaQueryPlugin,
  apexPlugin,
  externalNamePlugin,
  servicePlugin,
  endpointPlugin,
  podPlugin,
  zonePlugin,
  reversePlugin,
  forwardPlugin,
]
