import { expect, test } from 'vitest'
import { answerRequest } from './serverroutes.ts'

test('A path that is escaped wrongly, or leads nowhere, is the fault of the client', async () => {
  const ask = (path: string) => answerRequest({ path } as never, {} as never)
  await expect(ask('/containerLogs/%zz/a/b')).rejects.toMatchObject({ code: 400 })
  await expect(ask('/nowhere')).rejects.toMatchObject({ code: 404 })
})
