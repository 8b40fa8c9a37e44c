// The door `futago`: a cluster as a value.
export { type Cluster, type ClusterEnvironment, startAPIServer, startCluster } from './cluster/cluster.ts'
export { type ClusterConfig, type ClusterOptions, ConfigError, loadConfig } from './cluster/config.ts'
export * from './component/log.ts'
