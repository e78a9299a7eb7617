/**
 * `deno task docs:microvm`: updates the annotations' section of docs/microvm.md from the table by which kago parses
 * them. The rest of the page is written by hand.
 */
import {
  type AnnotationRow,
  ANNOTATIONS,
  type KeyRow,
  OTHER_ANNOTATIONS,
  type OtherRow,
  type Setter,
  VM_FILE_KEYS,
} from "../executors/libkrun/settings/annotation_table.ts";
import {
  SETTERS,
  TYPES,
  valueRange,
  type ValueRow,
} from "../executors/libkrun/settings/annotation_words.ts";
import { HARMLESS_PROPERTIES } from "../runtime/cgroup/drivers/systemd_annotations.ts";
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
  const rows = Object.entries<AnnotationRow>(ANNOTATIONS);
  return rows.map(([name, row]) => section(name, row)).join("") + otherSection() + keySection();
}

function section(name: string, row: AnnotationRow): string {
  const table = row.kind === "refused" ? `Instead, ${row.instead}.\n` : `\
| type | ${rangeTitle(row)} | default | example |
| --- | --- | --- | --- |
| ${TYPES[row.kind]} | ${
    valueRange(row).replaceAll("|", "\\|")
  } | ${row.fallback} | \`${name}=${row.example}\` |
`;
  return `
### \`${name}\`

${row.help}

${table}
Set by: ${SETTERS[row.setBy]}. ${row.why}
`;
}

function otherSection(): string {
  const rows = Object.entries<OtherRow>(OTHER_ANNOTATIONS);
  const harmless = HARMLESS_PROPERTIES.map((name) => `\`${name}\``).join(", ");
  return `
### Other annotations

| annotation | meaning | set by | why |
| --- | --- | --- | --- |
${
    rows.map(([name, { help, setBy, why }]) =>
      `| \`${name}\` | ${help} | ${SETTERS[setBy]} | ${why} |`
    ).join("\n")
  }

Of \`org.systemd.property.\` these are for everybody: ${harmless} (\`Sec\` in place of \`USec\` too); \`Delegate\` as true
only, and \`TimeoutStopUSec\` up to an hour.
`;
}

function keySection(): string {
  const rows = Object.entries<KeyRow>(VM_FILE_KEYS);
  return `
### Keys of \`.krun_vm.json\`

| key | followed | why |
| --- | --- | --- |
${
    rows.map(([name, { setBy, why, annotation }]) =>
      `| \`${name}\` | ${FOLLOWED[setBy]}${annotation ? `; \`${annotation}\` is` : ""} | ${why} |`
    ).join("\n")
  }

`;
}

const FOLLOWED: Readonly<Record<Setter, string>> = {
  image: "yes",
  administrator: "with the administrator's permission",
  nobody: "no",
};

function rangeTitle({ kind }: ValueRow): string {
  return kind === "integer" || kind === "flag" ? "range" : "form";
}

if (import.meta.main) {
  await Deno.writeTextFile(PAGE, withAnnotations(await Deno.readTextFile(PAGE)));
}
