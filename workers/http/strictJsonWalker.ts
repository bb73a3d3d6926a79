/** One reason why a body is refused. The path is like `commands[3].data.price`; empty for the whole body. */
export type FieldError = { path: string; message: string };

/** Containers within each other, the outermost included. Commands need 6; the limit bounds our recursion. */
export const MAX_JSON_DEPTH = 32;

/**
 * Significant digits of a number. A double holds every decimal of 15 digits so that it prints as it was
 * written; from 16 on it may print another. Leading zeros do not count, trailing zeros do: `0.00012` has 2,
 * `1.50` has 3, `100000000000000000` has 18.
 */
export const MAX_NUMBER_DIGITS = 15;

/** Characters of a number. Without it 0.000…1 with few significant digits might be read as 0. */
export const MAX_NUMBER_CHARACTERS = 32;

/**
 * Digits of an exponent, leading zeros left out. A double holds 15 significant digits from 1e-307 to 1e308; beyond that it is read
 * as another number, as 0 or as infinity. No amount comes near 1e99.
 */
export const MAX_EXPONENT_DIGITS = 2;

/** Errors reported for one body. Enough to mend it by; a hostile body must not make a huge reply. */
export const MAX_ERRORS = 20;

/** UTF-16 units of a key shown in a path, for the same reason: keys are the client's and may be megabytes. */
const MAX_PATH_KEY_UNITS = 64;

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;
const HEX_DIGITS = /^[0-9A-Fa-f]{4}$/;
const ESCAPES = '"\\/bfnrt';
const BYTE_ORDER_MARK = '\ufeff';
/** What JavaScript or Python print for numbers that JSON cannot hold. */
const NOT_NUMBERS = ['NaN', 'Infinity', 'nan', 'inf'];

/**
 * Judges a text by every rule of strict JSON and answers what is wrong with it, in the order of the text;
 * nothing for a text that is fine. Malformed JSON and too deep nesting end the walk, other errors do not.
 *
 * Slower than the scan in strictJson.ts by far, yet linear: that is the most a hostile body can cost.
 */
export function walkStrictJson(text: string): FieldError[] {
  return new Walker(text).walk();
}

/** Methods that read answer whether the walk goes on. No exceptions: refusing a body is ordinary work. */
class Walker {
  private readonly text: string;
  private readonly errors: FieldError[] = [];
  private readonly path: (string | number)[] = [];
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  walk(): FieldError[] {
    if (this.text.startsWith(BYTE_ORDER_MARK)) {
      this.report('must not begin with a byte order mark');
      return this.errors;
    }
    this.skipSpace();
    if (this.at === this.text.length) {
      this.report('must not be empty');
      return this.errors;
    }
    if (this.readValue()) {
      this.skipSpace();
      if (this.at < this.text.length) this.malformed('text after the end of the value');
    }
    return this.errors;
  }

  private readValue(): boolean {
    const first = this.text[this.at];
    if (first === '"') return this.readString() !== undefined;
    if (first === '{' || first === '[') {
      if (this.depth === MAX_JSON_DEPTH) {
        this.report(`nested deeper than ${MAX_JSON_DEPTH} levels`);
        return false;
      }
      this.depth++;
      const goesOn = first === '{' ? this.readObject() : this.readArray();
      this.depth--;
      return goesOn;
    }
    if (first === '-' || isDigit(this.text.charCodeAt(this.at))) return this.readNumber();
    return this.readLiteral();
  }

  private readObject(): boolean {
    const seen = new Set<string>();
    this.at++;
    this.skipSpace();
    if (this.take('}')) return true;
    do {
      this.skipSpace();
      if (!this.readMember(seen)) return false;
      this.skipSpace();
    } while (this.take(','));
    return this.take('}') || this.malformed("expected ',' or '}'");
  }

  private readMember(seen: Set<string>): boolean {
    if (this.text[this.at] !== '"') return this.malformed('expected a key in double quotes');
    const key = this.readString(true);
    if (key === undefined) return false;
    this.path.push(key);
    if (!this.judgeKey(key, seen)) return false;
    this.skipSpace();
    if (!this.take(':')) return this.malformed("expected ':' after the key");
    this.skipSpace();
    if (!this.readValue()) return false;
    this.path.pop();
    return true;
  }

  private judgeKey(key: string, seen: Set<string>): boolean {
    if (!key.isWellFormed() && !this.report('the key has a lone surrogate')) return false;
    // JSON.parse makes it an own property, but the first copy by assignment would set a prototype.
    if (key === '__proto__' && !this.report('this key is not allowed')) return false;
    if (seen.has(key)) return this.report('this key is given more than once');
    seen.add(key);
    return true;
  }

  private readArray(): boolean {
    this.at++;
    this.skipSpace();
    if (this.take(']')) return true;
    let index = 0;
    do {
      this.skipSpace();
      this.path.push(index++);
      if (!this.readValue()) return false;
      this.path.pop();
      this.skipSpace();
    } while (this.take(','));
    return this.take(']') || this.malformed("expected ',' or ']'");
  }

  /** The string without its escapes, or undefined where the walk ends. Keys are judged elsewhere. */
  private readString(isKey = false): string | undefined {
    const open = this.at++;
    let escaped = false;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) break;
      if (Number.isNaN(code)) return this.malformedString('the string does not end');
      if (code < 0x20) return this.malformedString('a control character must be escaped');
      if (code === 0x5c) {
        escaped = true;
        if (!this.skipEscape()) return this.malformedString('unknown escape in a string');
      } else {
        this.at++;
      }
    }
    this.at++;
    // The grammar of the token is checked, so JSON.parse only has to take its escapes away.
    const string = escaped
      ? (JSON.parse(this.text.slice(open, this.at)) as string)
      : this.text.slice(open + 1, this.at - 1);
    if (!isKey && !string.isWellFormed() && !this.report('the string has a lone surrogate')) return undefined;
    return string;
  }

  private skipEscape(): boolean {
    const letter = this.text[this.at + 1] ?? '';
    if (letter === 'u') {
      if (!HEX_DIGITS.test(this.text.slice(this.at + 2, this.at + 6))) return false;
      this.at += 6;
      return true;
    }
    if (letter === '' || !ESCAPES.includes(letter)) return false;
    this.at += 2;
    return true;
  }

  private readNumber(): boolean {
    const start = this.at;
    this.take('-');
    const wholeStart = this.at;
    const whole = this.skipDigits();
    if (whole === 0) return this.expectedValue();
    if (whole > 1 && this.text[wholeStart] === '0') return this.malformed('a number begins with a zero');
    if (this.take('.') && this.skipDigits() === 0) return this.malformed('no digit after the decimal point');
    const end = this.at;
    if (this.take('e') || this.take('E')) {
      if (!this.take('+')) this.take('-');
      const exponent = this.at;
      if (this.skipDigits() === 0) return this.malformed('no digit in the exponent');
      if (this.text.slice(exponent, this.at).replace(/^0+/, '').length > MAX_EXPONENT_DIGITS) {
        return this.report(`an exponent must not have more than ${MAX_EXPONENT_DIGITS} digits`);
      }
    }
    return this.judgeNumber(start, end);
  }

  /** From the sign to before the exponent, which says nothing about the digits. */
  private judgeNumber(start: number, end: number): boolean {
    if (end - start <= MAX_NUMBER_DIGITS && this.text[start] !== '-') return true;
    // Before anything is made of the token, which may be as long as the body.
    if (end - start > MAX_NUMBER_CHARACTERS) {
      return this.report(`a number must not be longer than ${MAX_NUMBER_CHARACTERS} characters`);
    }
    const significant = this.text.slice(start, end).replace(/[-.]/g, '').replace(/^0+/, '');
    if (significant.length > MAX_NUMBER_DIGITS) {
      return this.report(`a number must not have more than ${MAX_NUMBER_DIGITS} significant digits`);
    }
    if (significant === '' && this.text[start] === '-')
      return this.report('a number must not be negative zero');
    return true;
  }

  private readLiteral(): boolean {
    for (const literal of ['true', 'false', 'null']) {
      if (!this.text.startsWith(literal, this.at)) continue;
      this.at += literal.length;
      return true;
    }
    return this.expectedValue();
  }

  private expectedValue(): false {
    const name = NOT_NUMBERS.find((word) => this.text.startsWith(word, this.at));
    return this.malformed(name === undefined ? 'expected a value' : `${name} is not a JSON number`);
  }

  private skipDigits(): number {
    const start = this.at;
    while (isDigit(this.text.charCodeAt(this.at))) this.at++;
    return this.at - start;
  }

  private skipSpace(): void {
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  /** Keeps an error at the current path; false when there are enough of them. */
  private report(message: string): boolean {
    this.errors.push({ path: formatPath(this.path), message });
    return this.errors.length < MAX_ERRORS;
  }

  private malformed(reason: string): false {
    this.report(`malformed JSON at character ${this.at + 1}: ${reason}`);
    return false;
  }

  private malformedString(reason: string): undefined {
    this.malformed(reason);
    return undefined;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `a.b[3]`, with keys that would be misread in that notation quoted: `a["b.c"]`. */
export function formatPath(segments: readonly PropertyKey[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'symbol') path += '[symbol]';
    else if (typeof segment === 'number') path += `[${segment}]`;
    else if (segment.length > MAX_PATH_KEY_UNITS)
      path += `[${JSON.stringify(`${segment.slice(0, MAX_PATH_KEY_UNITS)}…`)}]`;
    else if (!PLAIN_KEY.test(segment)) path += `[${JSON.stringify(segment)}]`;
    else path += path === '' ? segment : `.${segment}`;
  }
  return path;
}
