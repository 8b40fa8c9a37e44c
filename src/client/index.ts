// What components import to talk to an API server. The door `futago/client`, which adds defineController,
// is src/client.ts: a client knows nothing of controllers.
export * from './client.ts'
export * from './events.ts'
export { inClusterConfig } from './incluster.ts'
export * from './informer.ts'
export * from './informers.ts'
export * from './kubeconfig.ts'
export * from './leaderelection.ts'
export * from './reflector.ts'
export * from './transport.ts'
export * from './workqueue.ts'
