// A store as each of several servers has it: closing one leaves the store that the others use.
import { LaggingStore } from '../storage/store.fake.ts'

export class SharedStore extends LaggingStore {
  override async close(): Promise<void> {}
}
