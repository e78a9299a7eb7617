/** Describes the rows of annotation_table.ts, for docs/microvm.md and kago-microvm(7). */
import type { AnnotationRow, Setter } from "./annotation_table.ts";

export type ValueRow = Exclude<AnnotationRow, { kind: "refused" }>;

export const SETTERS: Readonly<Record<Setter, string>> = {
  image: "anybody, including images and pods",
  administrator: "anybody with the administrator's permission",
  nobody: "nobody",
};

export const TYPES: Readonly<Record<ValueRow["kind"], string>> = {
  integer: "integer",
  flag: "flag",
  choice: "word",
  text: "text",
  list: "comma-separated list",
};

/** The valid values of an annotation; words in backquotes are values. */
export function valueRange(row: ValueRow): string {
  switch (row.kind) {
    case "integer":
      return `${row.least} to ${row.most}`;
    case "flag":
      return "0 for no, any other number for yes";
    case "choice":
      return row.choices.map((choice) => `\`${choice}\``).join(" or ");
    default:
      return row.form;
  }
}
