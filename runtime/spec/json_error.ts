/**
 * Finds the first syntax error of a JSON text (RFC 8259). V8's message has a position only for some errors. It runs after
 * JSON.parse has failed, so it is short rather than fast.
 */

import { visible } from "../common/quoted.ts";

export interface JsonError {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** Without a full stop: `expected a value, found ]`. */
  readonly problem: string;
}

const TOKEN =
  // deno-lint-ignore no-control-regex -- RFC 8259 allows them in no string
  /[{}[\]:,]|"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b/y;

/** The possible next tokens, in the words of the message. */
type Expected =
  | "a value"
  | "a value or ]"
  | "a property name"
  | "a property name or }"
  | "a colon"
  | "a comma or ]"
  | "a comma or }"
  | "nothing more";

/** The first error of a text that JSON.parse refuses. */
export function findJsonError(text: string): JsonError {
  const open: string[] = [];
  let expected: Expected = "a value";
  let position = skipSpace(text, 0);
  while (position < text.length) {
    TOKEN.lastIndex = position;
    const token = TOKEN.exec(text)?.[0];
    const next: Expected | undefined = token === undefined
      ? undefined
      : follow(expected, token, open);
    if (token === undefined || next === undefined) {
      const found = describe(token, text, position);
      return { ...locate(text, position), problem: `expected ${expected}, found ${found}` };
    }
    expected = next;
    position = skipSpace(text, position + token.length);
  }
  return { ...locate(text, position), problem: `expected ${expected}, found the end` };
}

/** A string is not printed: it may be long, or a secret. */
function describe(token: string | undefined, text: string, position: number): string {
  const character = text[position]!;
  if (character === '"') return token === undefined ? "a broken string" : "a string";
  if (character === "\ufeff") return "a byte order mark (U+FEFF): save the file without it";
  return visible(token ?? character);
}

/** What may follow `token`, or undefined if `token` is not allowed here; updates the list of open brackets. */
function follow(expected: Expected, token: string, open: string[]): Expected | undefined {
  const closes = expected.endsWith(token) && (token === "]" || token === "}");
  if (closes) {
    open.pop();
    return after(open);
  }
  switch (expected) {
    case "a value":
    case "a value or ]":
      if (token === "{" || token === "[") {
        open.push(token);
        return token === "{" ? "a property name or }" : "a value or ]";
      }
      return /^[}\]:,]/.test(token) ? undefined : after(open);
    case "a property name":
    case "a property name or }":
      return token.startsWith('"') ? "a colon" : undefined;
    case "a colon":
      return token === ":" ? "a value" : undefined;
    case "a comma or ]":
      return token === "," ? "a value" : undefined;
    case "a comma or }":
      return token === "," ? "a property name" : undefined;
    case "nothing more":
      return undefined;
  }
}

function after(open: readonly string[]): Expected {
  if (open.length === 0) return "nothing more";
  return open.at(-1) === "[" ? "a comma or ]" : "a comma or }";
}

function skipSpace(text: string, from: number): number {
  let position = from;
  while (position < text.length && " \t\r\n".includes(text[position]!)) position++;
  return position;
}

function locate(text: string, position: number): { line: number; column: number } {
  const before = text.slice(0, position);
  return {
    line: before.split("\n").length,
    column: position - before.lastIndexOf("\n"),
  };
}
