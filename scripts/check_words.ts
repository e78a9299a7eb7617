/**
 * Looks for names that are not the project's in all that people read: sources, documents, scripts. Which ones, and what to say
 * instead, the table "Words" of CONTRIBUTING.md has.
 *
 *   deno run --allow-read scripts/check_words.ts
 *
 * Prints `file:line: why` for each and exits with 1 if there is one.
 */
import { ROOT } from "./build/paths.ts";
import { lineOf, type Source } from "./lints/source.ts";

const TABLE = "CONTRIBUTING.md";

/** Where people's words are; configurations of others and what is made of them are not. */
const FOLDERS = ["docs", "executors", "ffi", "helper-c", "runtime", "scripts", "tests"];
const FILES = /\.(ts|c|h|md|sh)$/;

export interface Word {
  readonly say: string;
  readonly not: string;
}

/** The rows of the table below the heading "Words"; commas separate names that are not ours. */
export function readWords(page: string): Word[] {
  const section = page.slice(page.indexOf("\n## Words\n"));
  const rows = [...section.matchAll(/^\| (?!say \|)([^|]+) \| ([^|]+) \|$/gm)];
  return rows.flatMap(([, say, not]) => not!.split(", ").map((name) => ({ say: say!, not: name })));
}

/** `file:line: why`, for whole words in any case, a line's end between two of them or not. */
export function findWords({ file, text }: Source, words: readonly Word[]): string[] {
  return words.flatMap(({ say, not }) => {
    const pattern = new RegExp(`\\b${not.replaceAll(" ", "[ \\n/*]+")}\\b`, "gi");
    return [...text.matchAll(pattern)].map(({ index }) =>
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
