/** What is personal in an order's commands. No Cloudflare import: the Durable Object and the simulation encrypt by this alone. */
import { type Address, countryOf, orderCommands } from '../../schemas/order.ts';
import { type PersonalParts, personalCommands } from '../../schemas/personal.ts';

/** The fields that are encrypted, and the country of an address, which stays in the clear beside it. */
export const orderPersonal: PersonalParts = {
  commands: personalCommands(orderCommands),
  clear: { PlaceOrder: ({ shipTo }) => ({ country: countryOf(shipTo as Address) }) },
};
