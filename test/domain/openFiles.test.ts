import { describe, expect, it } from 'vitest';
import { openFilesLimit, openFilesWarning } from '../../local/openFiles.ts';

describe('a limit of open files', () => {
  it('is told where it is low, with what it is enough for', () => {
    expect(openFilesWarning('4096')).toContain(
      '4096 files (ulimit -Hn), which is enough for some 1365 objects',
    );
  });

  it('is not told where it is high, or none', () => {
    expect(openFilesWarning('16384')).toBeUndefined();
    expect(openFilesWarning('unlimited')).toBeUndefined();
  });

  it('is what the shell says, and nothing is told where there is none to ask', () => {
    expect(openFilesLimit()).toMatch(/^(\d+|[a-z]+)$/);
    expect(openFilesWarning(openFilesLimit('/there/is/no/shell'))).toBeUndefined();
  });
});
