/**
 * Finds imports and names in TypeScript source by regular expressions, which is enough for formatted and type-checked
 * files; only a lone quote or backtick in a regular expression literal can mislead it.
 */

/** One import, export-from or dynamic import. */
export interface Import {
  /** Undefined for a dynamic import of anything but a plain string. */
  readonly specifier: string | undefined;
  /** From 1. */
  readonly line: number;
}

const LITERALS =
  /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`/g;

const IMPORTS = new RegExp(
  [
    // import … from "x", export … from "x": no clause contains a quote, a semicolon or an equals sign.
    /^[ \t]*(?:import|export)\b[^"';=()]*?\bfrom\s*["']([^"'\n]+)["']/,
    // import "x"
    /^[ \t]*import\s*["']([^"'\n]+)["']/,
    // import("x"), also as a type; for anything else in the parentheses the group captures nothing.
    /\bimport\s*\((?:\s*["']([^"'\n]+)["'])?/,
  ].map(({ source }) => source).join("|"),
  "gm",
);

/** The imports of a source, in order, without those in comments and strings. */
export function findImports(source: string): Import[] {
  const strings = blank(source, (literal) => literal.startsWith("/"));
  // Specifiers are strings, so strings must stay readable; a match counts if it begins outside all of them.
  const code = blank(source, () => true);
  return [...strings.matchAll(IMPORTS)]
    .filter(({ index, 0: text }) =>
      code.startsWith(text.trimStart().slice(0, 6), index + indent(text))
    )
    .map((match) => ({
      specifier: match[1] ?? match[2] ?? match[3],
      line: lineAt(source, match.index + indent(match[0])),
    }));
}

/** The uses of any of the names as a whole identifier outside comments and strings. */
export function findNames(source: string, names: readonly string[]) {
  const code = blank(source, (literal) => !literal.startsWith("`"));
  return [...code.matchAll(new RegExp(`\\b(?:${names.join("|")})\\b`, "g"))]
    .map(({ 0: name, index }) => ({ name, line: lineAt(source, index) }));
}

/** The strings that contain a space, without computed parts; all else is blanked. */
export function proseOf(source: string): string {
  let [prose, end] = ["", 0];
  for (const { 0: literal, index } of source.matchAll(LITERALS)) {
    const isProse = !literal.startsWith("/") && literal.includes(" ");
    prose += blanks(source.slice(end, index)) +
      (isProse ? literal.replaceAll(/\$\{[^{}]*\}/g, blanks) : blanks(literal));
    end = index + literal.length;
  }
  return prose;
}

/** The source with the characters of the chosen literals and comments blanked; lines and offsets are kept. */
function blank(source: string, chosen: (literal: string) => boolean): string {
  return source.replace(
    LITERALS,
    (literal) => chosen(literal) ? blanks(literal) : literal,
  );
}

function blanks(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

function indent(text: string): number {
  return text.length - text.trimStart().length;
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split("\n").length;
}
