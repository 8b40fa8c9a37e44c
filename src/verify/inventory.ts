// What is in the cluster: each list is read once, page by page, when the first check asks for it.
import type {
  EndpointSlice,
  IPAddress,
  NetworkPolicy,
  Node,
  Pod,
  Service,
  ServiceCIDR,
} from '../api/generated/types.ts'

/** A list that could not be read (no rights, not served) throws the server's StatusError each time. */
export interface Inventory {
  /** Those that --node-selector selects. */
  nodes(): Promise<readonly Node[]>
  /** Up to --max-nodes of them that are Ready and take Pods, spread over zones; those that get probes. */
  sampledNodes(): Promise<readonly Node[]>
  pods(): Promise<readonly Pod[]>
  services(): Promise<readonly Service[]>
  /** v1, or v1beta1 brought to its shape. */
  endpointSlices(): Promise<readonly EndpointSlice[]>
  networkPolicies(): Promise<readonly NetworkPolicy[]>
  /** Undefined where the API does not exist (before 1.33). */
  serviceCIDRs(): Promise<readonly ServiceCIDR[] | undefined>
  ipAddresses(): Promise<readonly IPAddress[] | undefined>
  /** Ingresses and Gateways are read by LB-08 itself. */
  /** Whether packets flow on these nodes: false for simulated ones (futago, kwok), with the reason. */
  carriesTraffic(): Promise<{ readonly carries: boolean; readonly evidence: string }>
}
