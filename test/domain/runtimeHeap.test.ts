import { describe, expect, it } from 'vitest';
import { heapFlags, setHeapFlags } from '../../local/runtimeHeap.ts';

const GIB = 2 ** 30;
const VARIABLE = 'MINIFLARE_WORKERD_V8_FLAGS';

describe('the heap of the local runtime', () => {
  it('has a sixteenth of the memory, and no more than what helps', () => {
    expect(heapFlags(4 * GIB)).toContain('--initial-old-space-size=256 ');
    expect(heapFlags(8 * GIB)).toContain('--initial-old-space-size=512 ');
    expect(heapFlags(64 * GIB)).toBe(heapFlags(8 * GIB));
  });

  it('is left to the runtime on a small machine', () => {
    expect(heapFlags(2 * GIB - 1)).toBe('');
  });

  it('follows the flags of the environment where there are some', () => {
    const own = { [VARIABLE]: '--trace-gc' };
    setHeapFlags(own, 8 * GIB);
    expect(own[VARIABLE]).toBe('--trace-gc');
    const none: NodeJS.ProcessEnv = { [VARIABLE]: undefined };
    setHeapFlags(none, 8 * GIB);
    expect(none[VARIABLE]).toBe(heapFlags(8 * GIB));
  });
});
