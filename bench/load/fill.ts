/** Brings a number of commands into a server, as fast as it takes them. */
import type { Server } from '../servers/server.ts';
import { closedLoop } from './loops.ts';
import type { RequestSource } from './requests.ts';

/** Batches in flight: a second one is decided while the first is answered. */
const CONNECTIONS = 4;

/** Runs the source until at least `commands` of its commands were accepted. */
export async function fill(server: Server, source: RequestSource, commands: number): Promise<void> {
  let sent = 0;
  await closedLoop(server.port, source, {
    connections: CONNECTIONS,
    seconds: Number.POSITIVE_INFINITY,
    until: () => sent >= commands,
    onReply: (request) => {
      sent += request.commands;
    },
  });
}
