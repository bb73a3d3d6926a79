/** What `Accept` says of the answer. */

/** A media type that is accepted, in small letters and as it was sent, and how much it is wanted. */
interface Accepted {
  readonly type: string;
  readonly text: string;
  /** 0: not at all. */
  readonly weight: number;
}

/** The media types of `Accept`, in the order in which they were sent (RFC 9110, 12.5.1). */
export function acceptedTypes(accept: string): readonly Accepted[] {
  return accept.split(',').map((text) => {
    const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, text, weight: weight === undefined ? 1 : Number(weight.slice('q='.length)) || 0 };
  });
}
