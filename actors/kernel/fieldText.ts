/** One field out of an event's stored text. */

/**
 * Reads the text that a field has in canonical JSON, undefined where there is none. Canonical JSON sorts fields, so that the
 * balance of a trade, `cash`, comes first: then the rest is not parsed.
 */
export function textReader(field: string): (data: string) => string | undefined {
  const opening = `{${JSON.stringify(field)}:"`;
  return (data) => {
    if (data.startsWith(opening)) {
      const text = data.slice(opening.length, data.indexOf('"', opening.length));
      if (!text.includes('\\')) return text;
    }
    const value = (JSON.parse(data) as Readonly<Record<string, unknown>>)[field];
    return typeof value === 'string' ? value : undefined;
  };
}
