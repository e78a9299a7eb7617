/** Parses sources for the lints by regular expressions, which is enough for formatted sources. */

export interface Source {
  /** Relative to the repository. */
  readonly file: string;
  readonly text: string;
}

/** Something that a lint looks for. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The function, method or constant that contains it. */
  readonly place: string;
  /** What is wrong, and what to do. */
  readonly why: string;
}

/** Findings that are correct as they are. */
export interface Exception {
  /** A file, or a folder with a slash at the end, relative to the repository. */
  readonly file: string;
  /** The Finding's place; absent for all of them. */
  readonly place?: string;
  /** A sentence. */
  readonly reason: string;
}

export interface Lint {
  readonly name: string;
  find(source: Source): Finding[];
  readonly exceptions: readonly Exception[];
}

const LITERALS =
  /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`/g;

/** The text with its comments blanked; lines and offsets are kept. */
export function withoutComments(text: string): string {
  return text.replace(
    LITERALS,
    (literal) => literal.startsWith("/") ? literal.replace(/[^\n]/g, " ") : literal,
  );
}

/** The text with the contents of its strings blanked too, except templates, which contain code. */
export function withoutStrings(text: string): string {
  return text.replace(
    LITERALS,
    (literal) => literal.startsWith("`") ? literal : literal.replace(/[^\n]/g, " "),
  );
}

export function isC({ file }: Source): boolean {
  return /\.[ch]$/.test(file);
}

/** The first line of a function, a method or a constant of a module. */
const HEADERS = {
  ts: new RegExp(
    [
      /^(?:export )?(?:async )?function\*? (\w+)/,
      /^(?:export )?(?:const|let|class) (\w+)/,
      /^ {2}(?:static |async |get |private |override )*(#?\w+)\([^\n]*(?:\{|\()$/,
    ].map(({ source }) => source).join("|"),
    "gm",
  ),
  c: /^(?!#|\}|typedef|struct \w+ \{)[a-zA-Z_][^;=\n]*?\b(\w+)\(/gm,
};

export interface Part {
  readonly place: string;
  readonly start: number;
  readonly end: number;
}

/** The functions, methods and constants of a source, in order; each extends to the beginning of the next. */
export function parts(source: Source): Part[] {
  const code = withoutComments(source.text);
  const headers = [...code.matchAll(isC(source) ? HEADERS.c : HEADERS.ts)];
  return headers.map((header, index) => ({
    place: header.slice(1).find(Boolean)!,
    start: header.index,
    end: headers[index + 1]?.index ?? code.length,
  }));
}

/** The part that contains an offset; before the first one, the file's own. */
export function placeOf(found: readonly Part[], offset: number): string {
  return found.findLast(({ start }) => start <= offset)?.place ?? "";
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

export interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly offset: number;
  readonly place: string;
}

/** Calls of the functions whose whole names match the expression, which has no groups, and their arguments. */
export function calls(source: Source, names: RegExp): Call[] {
  const code = withoutComments(source.text);
  const outside = withoutStrings(source.text);
  const found = parts(source);
  return [...outside.matchAll(new RegExp(`(?<![\\w.])(?:${names.source})\\(`, "g"))]
    .map(({ 0: head, index }) => ({
      name: head.slice(0, -1),
      args: splitArguments(code, index + head.length),
      offset: index,
      place: placeOf(found, index),
    }));
}

const CLOSING = /[)\]}]/;
const OPENING = /[([{]/;

/** The arguments after the opening parenthesis; strings contain no unbalanced parentheses. */
function splitArguments(code: string, start: number): string[] {
  const args = [""];
  for (let at = start, depth = 0; at < code.length; at++) {
    const character = code[at]!;
    if (CLOSING.test(character) && --depth < 0) break;
    if (OPENING.test(character)) depth++;
    if (character === "," && depth === 0) args.push("");
    else args[args.length - 1] += character;
  }
  return args.map((argument) => argument.trim());
}
