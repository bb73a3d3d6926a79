import { type ParseArgsConfig, parseArgs } from 'node:util';
import { LocalServerError, messageOf } from './errors.ts';

/** Whether the arguments of a command that hands them on to another program ask for the command's own help. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** The options of a command line. Throws {@link LocalServerError} with the help where it has others than the command knows. */
export function readCommandLine<Config extends ParseArgsConfig>(config: Config, help: string) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new LocalServerError(`${messageOf(error)}\n\n${help}`);
  }
}

/** Runs a command and ends with its code; with 2, saying why, where it cannot begin or go on. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof LocalServerError ? `folio: ${error.message}` : error);
    process.exitCode = 2;
  }
}
