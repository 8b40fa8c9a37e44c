// The machine that runs verify, as a client of the cluster's outside: which families it has and whether it
// gets through to an address.
import type { IPFamily } from '../ip/family.ts'

export type Attempt =
  | { readonly outcome: 'connected'; readonly milliseconds: number; readonly body?: string }
  | { readonly outcome: 'refused' | 'timedOut' | 'unreachable'; readonly detail: string }

export interface Host {
  /** Families of its addresses beyond loopback and link-local; what is not among them cannot be judged. */
  readonly families: readonly IPFamily[]
  /** Connects and, with `path`, GETs it over plain HTTP. */
  connect(
    address: string,
    port: number,
    options: { readonly path?: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Attempt>
}
