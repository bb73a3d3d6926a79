/** Transfers between accounts: each is a saga, which goes on after the answer. */
import { TRANSFER_DEFINITION } from '../../../schemas/saga.ts';
import { transferSagaId } from '../../../schemas/sagaIds.ts';
import { TransferFunds } from '../../../schemas/transfer.ts';
import { actorStub } from '../../aggregates.ts';
import { requireAccess } from '../access.ts';
import { runCommand } from '../command.ts';
import { type Route, route } from '../operation.ts';
import { commandSuccess } from '../resource.ts';
import { SagaCommandReply } from '../shopReplies.ts';

const transferFunds = route(
  {
    method: 'post',
    path: '/v1/transfers',
    operationId: 'transferFunds',
    tag: 'Sagas',
    summary: 'Move cash from one account to another',
    description:
      'The transfer is pending until the one account has reserved the money and the other has agreed to take it; then the ' +
      'money leaves the one and reaches the other. It is never in both. What becomes of it: `GET /v1/sagas/{id}` with the ' +
      '`sagaId` of the answer. Idempotent by `transferId` as well.',
    command: 'TransferFunds',
    body: TransferFunds,
    success: commandSuccess(202, 'The transfer has begun.', SagaCommandReply),
  },
  async (c, { body }) => {
    await requireAccess(c, 'TransferFunds', { aggregateType: 'account', aggregateId: body.fromAccountId });
    const sagaId = transferSagaId(body.transferId);
    const saga = actorStub(c.env, { aggregateType: 'saga', aggregateId: sagaId });
    const data = { sagaId, definition: TRANSFER_DEFINITION, input: body };
    return runCommand(c, saga, sagaId, { type: 'StartSaga', data }, { status: 202 });
  },
);

export const transfers: readonly Route[] = [transferFunds];
