/** Transfers between accounts: each is a saga, which goes on after the answer. */
import { TRANSFER_DEFINITION } from '../../../schemas/saga.ts';
import { transferSagaId } from '../../../schemas/sagaIds.ts';
import { TransferFunds } from '../../../schemas/transfer.ts';
import type { Route } from '../operation.ts';
import { commandSuccess, sendingRoute } from '../resource.ts';
import { SagaCommandReply } from '../shopReplies.ts';

const transferFunds = sendingRoute(
  {
    method: 'post',
    path: '/v1/transfers',
    operationId: 'transferFunds',
    tag: 'Sagas',
    summary: 'Move cash from one account to another',
    description:
      'The transfer is pending until the one account has reserved the money and the other has agreed to take it; then the ' +
      'money leaves the one and reaches the other. It is never in both. What becomes of it: `GET /v1/sagas/{id}` with the ' +
      '`sagaId` of the answer; a trader sees it in the events of the accounts, `FundsTransferredOut` or, where it came to nothing, ' +
      '`FundsReleased`. Idempotent by `transferId` as well.',
    command: 'TransferFunds',
    body: TransferFunds,
    success: commandSuccess(202, 'The transfer has begun.', SagaCommandReply),
  },
  { status: 202 },
  ({ body }) => {
    const sagaId = transferSagaId(body.transferId);
    return {
      aggregateType: 'saga',
      aggregateId: sagaId,
      type: 'StartSaga',
      data: { sagaId, definition: TRANSFER_DEFINITION, input: body },
      concerns: { aggregateType: 'account', aggregateId: body.fromAccountId },
    };
  },
);

export const transfers: readonly Route[] = [transferFunds];
