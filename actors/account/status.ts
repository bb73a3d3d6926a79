/** Whether an account takes commands that move money. */
import type { Refusal } from '../../schemas/envelope.ts';

type Inactive = 'account_not_found' | 'account_closed' | 'account_frozen';

/** Why an account of this status moves no money; undefined where it does. */
export function inactiveRefusal(
  status: 'UNOPENED' | 'OPEN' | 'FROZEN' | 'CLOSED',
): Refusal<Inactive> | undefined {
  switch (status) {
    case 'UNOPENED':
      return { code: 'account_not_found', detail: 'The account has not been opened.' };
    case 'CLOSED':
      return { code: 'account_closed', detail: 'The account is closed.' };
    case 'FROZEN':
      return { code: 'account_frozen', detail: 'The account is frozen.' };
    case 'OPEN':
      return undefined;
  }
}
