/**
 * Searches for refused names in all texts: sources, documents, scripts. The tables below "Words" in CONTRIBUTING.md
 * list them with their replacements: one table is for all texts, one for texts that users read.
 *
 *   deno run --allow-read scripts/check_words.ts
 *
 * Prints `file:line: why` for each and exits with 1 if there is one.
 */
import { ROOT } from "./build/paths.ts";
import { proseOf } from "./imports/scan_source.ts";
import { lineOf, type Source } from "./lints/source.ts";

const TABLE = "CONTRIBUTING.md";

/** Files with messages that users read. */
const MESSAGES = /^(?:executors|ffi|runtime)\/.*\.ts$/;

/** Folders with texts of the project; configurations of other projects and generated files are not among them. */
const FOLDERS = ["docs", "executors", "ffi", "helper-c", "runtime", "scripts", "tests"];
const FILES = /\.(ts|c|h|md|sh)$/;

export interface Word {
  readonly say: string;
  readonly not: string;
  /** Does it apply only to texts that users read? */
  readonly forUsers: boolean;
}

/** The rows of the tables below the heading "Words"; commas separate the refused names. */
export function readWords(page: string): Word[] {
  const section = page.slice(page.indexOf("\n## Words\n"));
  const users = section.indexOf("\n| say to users ");
  const rows = [...section.matchAll(/^\| (?!say |-)([^|]+?) +\| ([^|]+?) +\|$/gm)];
  return rows.flatMap(({ 1: say, 2: not, index }) => {
    const forUsers = users >= 0 && index > users;
    return not!.split(", ").map((name) => ({ say: say!, not: name, forUsers }));
  });
}

/** `file:line: why`, for whole words in any case; a line may end between two of them. */
export function findWords({ file, text }: Source, words: readonly Word[]): string[] {
  const told = file.endsWith(".md") ? text : MESSAGES.test(file) ? proseOf(text) : "";
  return words.flatMap(({ say, not, forUsers }) => {
    const pattern = new RegExp(`\\b${not.replaceAll(" ", "[ \\n/*]+")}\\b`, "gi");
    return [...(forUsers ? told : text).matchAll(pattern)].map(({ index }) =>
      `${file}:${lineOf(text, index)}: "${not}": say ${say} (${TABLE}, Words)`
    );
  });
}

function sources(): Source[] {
  const files = [...Deno.readDirSync(ROOT)].map(({ name }) => name)
    .filter((name) => FILES.test(name) && name !== TABLE);
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}/${folder}`)) {
      if (isDirectory) visit(`${folder}/${name}`);
      else if (FILES.test(name)) files.push(`${folder}/${name}`);
    }
  };
  FOLDERS.forEach(visit);
  return files.map((file) => ({ file, text: Deno.readTextFileSync(`${ROOT}/${file}`) }));
}

if (import.meta.main) {
  const words = readWords(Deno.readTextFileSync(`${ROOT}/${TABLE}`));
  const problems = sources().flatMap((source) => findWords(source, words));
  for (const problem of problems) console.error(problem);
  Deno.exit(problems.length > 0 ? 1 : 0);
}
