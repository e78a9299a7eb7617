/**
 * `deno task docs:microvm`: brings the annotations' section of docs/microvm.md up to date with the table that kago reads
 * them by. The rest of the page is written by hand.
 */
import { type AnnotationRow, ANNOTATIONS } from "../executors/libkrun/annotation_table.ts";
import { ROOT } from "./build/paths.ts";

export const PAGE = `${ROOT}/docs/microvm.md`;

const BEGIN = "<!-- annotations: written by `deno task docs:microvm` -->\n";
const END = "<!-- end of annotations -->\n";

/** The page with its section replaced. */
export function withAnnotations(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("docs/microvm.md has no section for annotations");
  return page.slice(0, begin + BEGIN.length) + annotationSections() + page.slice(end);
}

function annotationSections(): string {
  return Object.entries<AnnotationRow>(ANNOTATIONS).map(([name, row]) => `
### \`${name}\`

${row.help}

| type | ${rangeTitle(row)} | default | example |
| --- | --- | --- | --- |
| ${TYPES[row.kind]} | ${range(row)} | ${row.fallback} | \`${name}=${row.example}\` |
`).join("") + "\n";
}

const TYPES: Readonly<Record<AnnotationRow["kind"], string>> = {
  integer: "integer",
  flag: "flag",
  choice: "word",
  text: "text",
  list: "list, with commas",
};

function rangeTitle({ kind }: AnnotationRow): string {
  return kind === "integer" || kind === "flag" ? "range" : "form";
}

function range(row: AnnotationRow): string {
  switch (row.kind) {
    case "integer":
      return `${row.least} to ${row.most}`;
    case "flag":
      return "0 for no, more for yes";
    case "choice":
      return row.choices.map((choice) => `\`${choice}\``).join(" or ");
    default:
      return row.form.replaceAll("|", "\\|");
  }
}

if (import.meta.main) {
  await Deno.writeTextFile(PAGE, withAnnotations(await Deno.readTextFile(PAGE)));
}
