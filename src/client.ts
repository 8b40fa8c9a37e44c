// The door `futago/client`: Client, Informer, WorkQueue, defineController.
export * from './client/index.ts'
export { type Clock, systemClock, type Timer } from './component/clock.ts'
export { Cache } from './controllers/cache.ts'
export * from './controllers/controller.ts'
export * from './controllers/manager.ts'
