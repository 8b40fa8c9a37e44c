// The door `futago/api`: types, resources, StatusError and its predicates.
export type * from './generated/types.ts'
export * from './object.ts'
export * from './resource.ts'
export * from './status.ts'
