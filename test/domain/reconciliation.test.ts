/** Findings: opened once, closed once, never too many; and what the reconciler makes of what its checks tell it. */
import { describe, expect, it } from 'vitest';
import { type ReconciliationState, reconciliationDecider } from '../../actors/reconciliation/decider.ts';
import { type Ending, reconcile, repairFinding } from '../../queues/reconciler/reconciler.ts';
import { Untold } from '../../queues/reconciler/untold.ts';
import { type Check, findingIdOf, findingOf, type Verdict } from '../../queues/reconciler/verdict.ts';
import {
  FINDING_REASON_LENGTH_MAX,
  Finding,
  OPEN_FINDINGS_MAX,
  type ReconciliationEvent,
} from '../../schemas/reconciliation.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { RECEIVED_AT, specify } from '../support/given.ts';

const { given } = specify(reconciliationDecider);

const place = (aggregateId: string) =>
  ({ check: 'view', where: 'accounts', aggregateType: 'account', aggregateId }) as const;
const verdict = (aggregateId: string, fault?: string): Verdict => ({ ...place(aggregateId), fault });
const finding = (aggregateId: string, fault = 'there is no row') =>
  findingOf({ ...place(aggregateId), fault });
const opened = (aggregateId: string): ReconciliationEvent => ({
  type: 'FindingOpened',
  data: { ...finding(aggregateId), openedAt: RECEIVED_AT },
});
const closing = (aggregateId: string) => ({
  findingId: findingIdOf(place(aggregateId)),
  end: 'REPAIRED' as const,
  remark: 'asked for',
});

describe('a finding', () => {
  it('is opened once, and again only after it was closed', () => {
    const command = { type: 'OpenFinding', data: finding('a') } as const;
    given().when(command).events(opened('a'));
    given(opened('a')).when(command).refused('finding_already_open');
    given(opened('a'), { type: 'FindingClosed', data: closing('a') })
      .when(command)
      .events(opened('a'));
  });

  it('is closed once', () => {
    const command = { type: 'CloseFinding', data: closing('a') } as const;
    given(opened('a')).when(command).event('FindingClosed', closing('a'));
    given().when(command).refused('finding_not_open');
    given(opened('b')).when(command).refused('finding_not_open');
  });

  it('is one of not too many', () => {
    const many = Array.from({ length: OPEN_FINDINGS_MAX }, (_, index) => opened(`a-${index}`));
    given(...many)
      .when({ type: 'OpenFinding', data: finding('b') })
      .refused('too_many_findings');
    given(...many.slice(1))
      .when({ type: 'OpenFinding', data: finding('b') })
      .events(opened('b'));
  });

  it('says what is wrong in one line of bounded length', () => {
    const found = finding('a', `\n${'x'.repeat(2 * FINDING_REASON_LENGTH_MAX)}`);
    expect(Finding.parse(found)).toEqual(found);
    expect(found.reason).toMatch(/^ x+$/);
    const quoted = finding('a', 'an error\u2028of two lines, \u202eturned');
    expect(Finding.parse(quoted)).toMatchObject({ reason: 'an error of two lines,  turned' });
    const cut = finding('a', `${'x'.repeat(FINDING_REASON_LENGTH_MAX - 1)}😀`);
    expect(Finding.parse(cut)).toEqual(cut);
  });
});

/** A check that says of aggregates what it is told to, and the findings of a reconciler that has it alone. */
function world(faults: Map<string, string | undefined>, more: Partial<Check> = {}) {
  let state: ReconciliationState = reconciliationDecider.initial();
  const endings: Ending[] = [];
  const asked: string[] = [];
  const apply = (type: 'OpenFinding' | 'CloseFinding', data: object) => {
    const decision = reconciliationDecider.decide({ type, data, at: RECEIVED_AT } as never, state);
    if (decision.accepted)
      for (const event of decision.events) state = reconciliationDecider.evolve(state, event);
  };
  const check: Check = {
    name: 'view',
    takes: () => true,
    judge: async (keys) =>
      keys
        .filter(({ aggregateId }) => faults.has(aggregateId))
        .map(({ aggregateId }) => verdict(aggregateId, faults.get(aggregateId))),
    repair: async ({ aggregateId }) => {
      asked.push(aggregateId);
      return true;
    },
    ...more,
  };
  const lines: string[] = [];
  const logger = createLogger('test', 'info', (line) => void lines.push(line));
  const deps = {
    checks: [check],
    untold: new Untold(logger),
    logger,
    findings: {
      open: async () => Object.values(state.open),
      record: async (found: readonly Finding[], ended: readonly Ending[]) => {
        for (const one of ended) apply('CloseFinding', one);
        for (const one of found) apply('OpenFinding', one);
        endings.push(...ended);
      },
    },
  };
  const open = () => Object.keys(state.open);
  const keys = (...ids: string[]) => ids.map((aggregateId) => ({ aggregateType: 'account', aggregateId }));
  return { deps, open, keys, endings, asked, lines, first: () => Object.values(state.open)[0] as never };
}

describe('the reconciler', () => {
  it('opens what is wrong, leaves it open while it is, and closes it when it is right', async () => {
    const faults = new Map<string, string | undefined>([
      ['a', 'wrong'],
      ['b', undefined],
    ]);
    const { deps, keys, open, endings } = world(faults);
    expect(await reconcile(deps, keys('a', 'b'))).toEqual({ opened: 1, closed: 0 });
    expect(await reconcile(deps, keys('a', 'b'))).toEqual({ opened: 0, closed: 0 });
    expect(open()).toEqual(['view.accounts.account.a']);
    faults.set('a', undefined);
    expect(await reconcile(deps, keys('a', 'b'))).toEqual({ opened: 0, closed: 1 });
    expect(open()).toEqual([]);
    expect(endings).toMatchObject([{ end: 'RIGHT_AGAIN', remark: null }]);
  });

  it('neither opens nor closes anything about what it cannot tell', async () => {
    const faults = new Map<string, string | undefined>([['a', 'wrong']]);
    const { deps, keys, open } = world(faults);
    await reconcile(deps, keys('a', 'b'));
    faults.delete('a');
    expect(await reconcile(deps, keys('a'))).toEqual({ opened: 0, closed: 0 });
    expect(open()).toEqual(['view.accounts.account.a']);
  });

  it('goes on with the other checks where one fails, and says so', async () => {
    const { deps, keys, lines } = world(new Map([['a', 'wrong']]));
    const failing: Check = {
      name: 'view',
      takes: () => true,
      judge: () => Promise.reject(new Error('away')),
      repair: async () => true,
    };
    expect(await reconcile({ ...deps, checks: [failing, ...deps.checks] }, keys('a'))).toMatchObject({
      opened: 1,
    });
    expect(lines.join()).toContain('"not reconciled"');
  });

  it('closes what was repaired only once it has looked again', async () => {
    const faults = new Map<string, string | undefined>([['a', 'wrong']]);
    const { deps, keys, open, endings, asked, first } = world(faults);
    await reconcile(deps, keys('a'));
    const still = await repairFinding(deps, first(), 'asked for', () => false);
    expect(still).toMatchObject({ status: 'OPEN', detail: 'wrong' });
    expect(open()).toHaveLength(1);
    faults.set('a', undefined);
    expect(await repairFinding(deps, first(), 'asked for', () => false)).toMatchObject({ status: 'CLOSED' });
    expect(endings).toMatchObject([{ end: 'REPAIRED', remark: 'asked for' }]);
    expect(asked).toEqual(['a', 'a']);
  });

  it('tells of another event that is wrong once the one it told of is mended', async () => {
    const wrong = [3, 7];
    const repaired: (number | undefined)[] = [];
    const { deps, keys, first, open, endings } = world(new Map(), {
      judge: async () => {
        const [version] = wrong;
        return [
          { ...verdict('a', version === undefined ? version : `version ${version} is wrong`), version },
        ];
      },
      repair: async ({ version }) => {
        repaired.push(version);
        if (version === wrong[0]) wrong.shift();
        return true;
      },
    });
    expect(await reconcile(deps, keys('a'))).toEqual({ opened: 1, closed: 0 });
    expect(await reconcile(deps, keys('a'))).toEqual({ opened: 0, closed: 0 });
    expect(await repairFinding(deps, first(), 'asked for', () => false)).toMatchObject({ status: 'OPEN' });
    expect(first()).toMatchObject({ version: 7, reason: 'version 7 is wrong' });
    expect(await repairFinding(deps, first(), 'asked for', () => false)).toMatchObject({ status: 'CLOSED' });
    expect(repaired).toEqual([3, 7]);
    expect(open()).toEqual([]);
    expect(endings).toHaveLength(2);
  });

  it.each<[string, Partial<Check>, object]>([
    ['is not done', { repair: async () => false }, { status: 'UNFINISHED', detail: null }],
    [
      'fails',
      { repair: () => Promise.reject(new Error('secret')) },
      { status: 'OPEN', detail: 'it could not be repaired now' },
    ],
  ])('leaves open what %s', async (_, more, expected) => {
    const { deps, keys, open, first } = world(new Map([['a', 'wrong']]), more);
    await reconcile(deps, keys('a'));
    expect(await repairFinding(deps, first(), 'asked for', () => false)).toMatchObject(expected);
    expect(open()).toHaveLength(1);
  });
});
