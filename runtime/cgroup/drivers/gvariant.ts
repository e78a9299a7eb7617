/**
 * Values in GVariant's text format, as in annotations (GLib, "GVariant Text Format"): `true`, `'text'`, `uint32 5`, `['a',
 * 'b']`, `@as []`, `(1, 'x')`. Pure. Dictionaries, maybe types and nested variants are not supported, because no property
 * of a scope needs them.
 */
import { type BusData, type BusValue, splitSignature } from "../../../ffi/dbus_signature.ts";

/** Keywords before a number or a string, and their D-Bus types. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  boolean: "b",
  byte: "y",
  int16: "n",
  uint16: "q",
  int32: "i",
  uint32: "u",
  int64: "x",
  uint64: "t",
  double: "d",
  string: "s",
  objectpath: "o",
  signature: "g",
};

const TOKEN =
  /\s*(?:(@[a-z(){}]+|[[\](),])|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([A-Za-z]\w*)|([-+]?[\w.]+(?:[eE][-+]\d+)?))/y;

type Kind = "mark" | "text" | "word" | "number";

interface Token {
  readonly kind: Kind;
  readonly text: string;
}

/**
 * Parses a value.
 * @throws {SyntaxError} naming the part that was not understood.
 */
export function parseVariant(text: string): BusValue {
  const reader = new Reader(text);
  const value = readValue(reader);
  if (reader.peek() !== undefined) throw new SyntaxError(`"${reader.peek()!.text}" is unexpected`);
  return value;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("it ends unexpectedly");
    return token;
  }

  /** Consumes the mark if it is next. */
  skip(mark: string): boolean {
    const token = this.peek();
    if (token?.kind !== "mark" || token.text !== mark) return false;
    this.#at += 1;
    return true;
  }
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const trimmed = text.trimEnd();
  for (let at = 0; at < trimmed.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(trimmed);
    if (!match) throw new SyntaxError(`"${trimmed.slice(at).trim()}" is not valid`);
    const index = match.slice(1).findIndex((group) => group !== undefined);
    const kind = (["mark", "text", "word", "number"] as const)[index]!;
    found.push({ kind, text: match[index + 1]! });
    at = TOKEN.lastIndex;
  }
  return found;
}

/** @param type the required type; without it the text decides, and an integer is an int32. */
function readValue(reader: Reader, type?: string): BusValue {
  const token = reader.next();
  const { kind, text } = token;
  if (kind === "mark" && text.startsWith("@")) return readValue(reader, text.slice(1));
  if (kind === "mark" && text === "[") return readArray(reader, type);
  if (kind === "mark" && text === "(") return readTuple(reader, type);
  if (kind === "text") return withType(type, "s", "sog", token, unquote(text));
  if (kind === "word" && (text === "true" || text === "false")) {
    return withType(type, "b", "b", token, text === "true");
  }
  if (kind === "word" && TYPE_WORDS[text]) return readValue(reader, TYPE_WORDS[text]);
  if (kind === "number") return readNumber(token, type);
  throw new SyntaxError(`"${text}" is not valid`);
}

function withType(
  wanted: string | undefined,
  own: string,
  allowed: string,
  { text }: Token,
  data: BusData,
): BusValue {
  if (wanted !== undefined && !allowed.includes(wanted)) {
    throw new SyntaxError(`${text} is not of type ${wanted}`);
  }
  return [wanted ?? own, data];
}

const RANGES: Readonly<Record<string, readonly [lowest: bigint, highest: bigint]>> = {
  y: [0n, 255n],
  n: [-(2n ** 15n), 2n ** 15n - 1n],
  q: [0n, 2n ** 16n - 1n],
  i: [-(2n ** 31n), 2n ** 31n - 1n],
  u: [0n, 2n ** 32n - 1n],
  x: [-(2n ** 63n), 2n ** 63n - 1n],
  t: [0n, 2n ** 64n - 1n],
};

function readNumber(token: Token, wanted: string | undefined): BusValue {
  const { text } = token;
  const whole = /^[-+]?(0x[\da-fA-F]+|\d+)$/.test(text);
  const type = wanted ?? (whole ? "i" : "d");
  if (type === "d" && Number.isFinite(Number(text))) return [type, Number(text)];
  const range = RANGES[type];
  if (!whole || !range) throw new SyntaxError(`${text} is not of type ${type}`);
  const size = BigInt(text.replace(/^[-+]/, ""));
  const value = text.startsWith("-") ? -size : size;
  if (value < range[0] || value > range[1]) {
    throw new SyntaxError(`${text} does not fit the type ${type}`);
  }
  return [type, value];
}

function readArray(reader: Reader, wanted: string | undefined): BusValue {
  if (wanted !== undefined && !wanted.startsWith("a")) {
    throw new SyntaxError(`an array is not of type ${wanted}`);
  }
  let type = wanted?.slice(1);
  const items: BusData[] = [];
  while (!reader.skip("]")) {
    if (items.length > 0) expectComma(reader);
    const [itemType, item] = readValue(reader, type);
    type ??= itemType;
    items.push(item);
  }
  if (type === undefined) throw new SyntaxError("an empty array needs its type, as in @as []");
  return [`a${type}`, items];
}

function readTuple(reader: Reader, wanted: string | undefined): BusValue {
  const wants = wanted?.startsWith("(") ? splitSignature(wanted.slice(1, -1)) : undefined;
  if (wanted !== undefined && !wants) throw new SyntaxError(`a tuple is not of type ${wanted}`);
  const types: string[] = [];
  const fields: BusData[] = [];
  while (!reader.skip(")")) {
    if (fields.length > 0) {
      expectComma(reader);
      if (reader.skip(")")) break; // (1,)
    }
    const [type, field] = readValue(reader, wants?.[fields.length]);
    types.push(type);
    fields.push(field);
  }
  return [`(${types.join("")})`, fields];
}

function expectComma(reader: Reader): void {
  if (!reader.skip(",")) throw new SyntaxError(`a comma is missing before "${reader.next().text}"`);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll(
    /\\(?:u([\da-fA-F]{4})|(.))/gs,
    (_, code: string | undefined, character: string) =>
      code ? String.fromCharCode(parseInt(code, 16)) : ESCAPES[character] ?? character,
  );
}
