/** What a batch holds in memory while its aggregates are at work. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createLogger } from '../../telemetry/logger.ts';
import { LOCAL_ADMINISTRATOR } from '../../workers/access/principal.ts';
import { CALL_COMMANDS_MAX, runBatch } from '../../workers/http/runBatch.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** More than one call to an aggregate. */
const COMMANDS = CALL_COMMANDS_MAX + 1;

/** A batch of deposits that is under way, with a reference to the first one as it was parsed. */
function deposits(executeBrief: (commands: string) => Promise<string>) {
  const lines = Array.from({ length: COMMANDS }, (_, index) => ({
    value: {
      commandId: `d-${index}`,
      aggregateType: 'account',
      aggregateId: 'a-1',
      type: 'DepositFunds',
      data: { amount: '1' },
    },
  }));
  const reply = runBatch(lines, {
    principal: LOCAL_ADMINISTRATOR,
    context: { userId: 'u', correlationId: 'c', causationId: null },
    logger: createLogger('test', 'error'),
    denied: () => Promise.resolve(),
    accountUnits: (_, wanted) => wanted,
    actorOf: () => ({ executeBrief }),
  });
  return { reply, parsed: new WeakRef((lines[0] as (typeof lines)[number]).value) };
}

it('lets go of what was parsed once it is on its way, and gives each command its result in its place', async () => {
  const answers: ((text: string) => void)[] = [];
  const sent: number[] = [];
  const { reply, parsed } = deposits((commands) => {
    sent.push(JSON.parse(commands).length);
    return new Promise((resolve) => answers.push(resolve));
  });
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  expect(parsed.deref()).toBeUndefined();
  let version = 0;
  for (let call = 0; call < 2; call++) {
    const outcomes = Array.from({ length: sent[call] as number }, () => ({
      status: 'accepted',
      version: ++version,
    }));
    answers[call]?.(JSON.stringify(outcomes));
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { accepted, results } = await reply;
  expect([accepted, sent]).toEqual([COMMANDS, [CALL_COMMANDS_MAX, 1]]);
  expect(results.map(({ commandId, version: at }) => [commandId, at])).toEqual(
    Array.from({ length: COMMANDS }, (_, index) => [`d-${index}`, index + 1]),
  );
});

it('says of the commands that an aggregate did not answer that they may have run, and of no other', async () => {
  let calls = 0;
  const { reply } = deposits((commands) =>
    calls++ === 0
      ? Promise.resolve(
          JSON.stringify(
            JSON.parse(commands).map((_: unknown, index: number) => ({
              status: 'accepted',
              version: index + 1,
            })),
          ),
        )
      : Promise.reject(Object.assign(new Error('reset'), { retryable: true })),
  );
  const { accepted, refused, results } = await reply;
  expect([accepted, refused]).toEqual([CALL_COMMANDS_MAX, 1]);
  expect(results.at(-1)).toMatchObject({
    commandId: `d-${CALL_COMMANDS_MAX}`,
    status: 'refused',
    code: 'unavailable',
  });
});
