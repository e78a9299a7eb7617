/** What a lint says of a source, as `line place`. */
import type { Lint } from "../../../../scripts/lints/source.ts";

export function found(lint: Lint, file: string, ...lines: string[]): string[] {
  return lint.find({ file, text: lines.join("\n") }).map(({ line, place }) => `${line} ${place}`);
}
