/** The description of the stream satisfies the parser and the rules of AsyncAPI, and its examples are what they show. */
import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument, LOCAL_SERVER } from '../../workers/streams/asyncapi.ts';
import { FRAME_EXAMPLES } from '../../workers/streams/examples.ts';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../../workers/streams/frames.ts';

/** Severity of an error (Spectral); warnings and hints are higher. */
const ERROR = 0;

describe('the AsyncAPI document', () => {
  it('is one that the parser of AsyncAPI has no error to find in', async () => {
    const { document, diagnostics } = await new Parser().parse(
      JSON.stringify(asyncApiDocument(LOCAL_SERVER)),
    );
    const errors = diagnostics.filter(({ severity }) => severity === ERROR);
    expect(errors.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([]);
    expect(document?.allChannels().all()).toHaveLength(1);
  });

  it('describes every frame, once', () => {
    const described = Object.keys(asyncApiDocument(LOCAL_SERVER).components.messages);
    expect(described.sort()).toEqual([...Object.keys(CLIENT_FRAMES), ...Object.keys(SERVER_FRAMES)].sort());
  });

  it.each(Object.entries({ ...CLIENT_FRAMES, ...SERVER_FRAMES }))(
    'has a good example of %s',
    (type, schema) => {
      const example = FRAME_EXAMPLES[type as keyof typeof FRAME_EXAMPLES];
      expect(schema.parse(example)).toEqual(example);
    },
  );
});
