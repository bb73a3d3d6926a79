/** The log of a transfer's saga, which a test takes wherever it wants it. */
import { sagaDecider } from '../../actors/saga/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { ReceiverAnswer } from '../../schemas/envelope.ts';
import { type SagaCommand, type SagaEvent, TRANSFER_DEFINITION } from '../../schemas/saga.ts';
import { DeciderLog } from './deciderLog.ts';

const INPUT = {
  transferId: 't',
  fromAccountId: 'from',
  toAccountId: 'to',
  amount: '30',
  currency: 'USD',
  expiresInSeconds: 60,
};

const ACCEPTED: ReceiverAnswer = { answer: 'accepted' };

/** An answer that refuses. */
export const refusedAs = (code: string): ReceiverAnswer => ({
  answer: 'refused',
  code,
  detail: 'No.',
  unheard: false,
});

export class SagaLog extends DeciderLog<SagaState, SagaCommand, SagaEvent> {
  constructor(sagaId: string) {
    super(sagaDecider(DEFINITIONS), sagaId);
  }

  start(definition = TRANSFER_DEFINITION, input: object = INPUT): this {
    return this.run({ type: 'StartSaga', data: { sagaId: this.aggregateId, definition, input } });
  }

  /** What became of a step's command (`do reserve-funds`), or of its compensation (`undo reserve-funds 1`). */
  answer(effect: string, answer: ReceiverAnswer = ACCEPTED): this {
    return this.run({ type: 'RecordAnswer', data: { effect, answer } });
  }

  /** All of it is done. */
  complete(): this {
    for (const step of ['reserve-funds', 'accept-transfer', 'settle-funds', 'credit-transfer'])
      this.answer(`do ${step}`);
    return this;
  }

  /** The other account refuses, so that what was reserved is to be released. */
  turnBack(): this {
    return this.answer('do reserve-funds').answer('do accept-transfer', refusedAs('account_closed'));
  }

  /** Releasing it is refused as well. */
  park(): this {
    return this.turnBack().answer('undo reserve-funds 1', refusedAs('account_on_fire'));
  }

  retry(): this {
    return this.run({ type: 'RetrySaga', data: { reason: 'the fire is out' } });
  }
}
