/**
 * Every void of a payment was the same call: `void`, due at once. The kernel took the outcome of a second one for a repeat of
 * the first, which the bank had declined, so that the call was made again for ever and the payment never came to rest.
 */
import { expect, it } from 'vitest';
import type { PaymentState } from '../../actors/payment/decider.ts';
import { SandboxBank } from '../../actors/sandbox/bank.ts';
import { performCall } from '../../payments/provider.ts';
import type { PaymentCommand } from '../../schemas/payment.ts';
import { type LocalWorld, localCore } from '../support/localCore.ts';
import { authorize, decider, voidIt } from '../support/payment.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const nothingIsEncrypted = () => Promise.reject(new Error('nothing is encrypted here'));

it('a payment is voided another time where the bank has declined the first', async () => {
  const bank = new SandboxBank(sqliteStorage(), () => 0);
  let calls = 0;
  const world: LocalWorld = {
    now: 0,
    alarmAt: undefined,
    alarms: [],
    sent: [],
    onSend: () => undefined,
    lines: [],
    storage: sqliteStorage(),
    perform: ({ request }, _, again) => {
      calls++;
      const providers = () => ({
        perform: async (...call: Parameters<typeof bank.perform>) => bank.perform(...call),
      });
      return performCall({ providers, open: nothingIsEncrypted }, 'p-1', request, again);
    },
  };
  const { core } = localCore<PaymentState>(decider, world);
  const told = async (commandId: string, command: PaymentCommand) => {
    const context = { userId: 'shop', correlationId: 'c-1', causationId: null };
    await core.execute([{ ...command, commandId }], context);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await told('one', authorize({ token: 'tok_void_decline' }));
  await told('two', voidIt);
  expect(core.read()?.state).toMatchObject({ standing: { status: 'AUTHORIZED' }, calls: {} });
  await told('three', voidIt);
  const types = (JSON.parse(core.events(1, 100)) as { eventType: string }[]).map(
    ({ eventType }) => eventType,
  );
  expect(types.slice(-4)).toEqual(['VoidRequested', 'VoidFailed', 'VoidRequested', 'VoidFailed']);
  expect(core.read()?.state).toMatchObject({ standing: { status: 'AUTHORIZED' }, calls: {} });
  expect({ calls, lines: world.lines.filter((line) => line.includes('failed')) }).toEqual({
    calls: 3,
    lines: [],
  });
});
