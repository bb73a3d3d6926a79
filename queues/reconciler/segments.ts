/** The archive held against its own bucket: every segment that was put is there, with the bytes that were put. */
import type { InspectedSegment } from '../archive/inspection.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import { type Check, Unmendable, type Verdict } from './verdict.ts';

/** What stands for the type of a manifest where a finding names an aggregate. Its id is its number, as in its key. */
export const MANIFEST = 'manifest';

/** The world of the check. */
export interface SegmentCheckDeps {
  /** The segments of these manifests, of those there are. */
  inspect(sequences: readonly number[]): Promise<readonly InspectedSegment[]>;
  /** Puts a segment back that is gone. */
  restore(sequence: number): Promise<void>;
  /** The number as a finding names it. */
  text(sequence: number): string;
}

/** The check over segments. */
export function segmentCheck(deps: SegmentCheckDeps): Check {
  return {
    name: 'segment',
    takes: isManifest,
    judge: async (keys) => {
      const inspected = await deps.inspect(keys.map(({ aggregateId }) => Number(aggregateId)));
      return inspected.map(
        ({ sequence, fault }): Verdict => ({
          aggregateType: MANIFEST,
          aggregateId: deps.text(sequence),
          check: 'segment',
          where: 'bucket',
          fault: fault ?? undefined,
        }),
      );
    },
    repair: async ({ aggregateId }) => {
      await deps.restore(Number(aggregateId)).catch(unmendable);
      return true;
    },
  };
}

/** Of a `BrokenArchive`. A call between objects takes an error's name along, and not its class. */
function unmendable(error: unknown): never {
  const { name, message } = Object(error) as Partial<Error>;
  throw name === 'BrokenArchive' ? new Unmendable(message, { cause: error }) : error;
}

/** Whether a key names a manifest, and not an aggregate. */
export function isManifest({ aggregateType }: AggregateKey): boolean {
  return aggregateType === MANIFEST;
}
