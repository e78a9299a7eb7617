/** The findings of a lint without its exceptions, and exceptions that match nothing. */
import type { Exception, Finding, Lint, Source } from "./source.ts";

/** `file:line: why` for each problem. */
export function judge({ name, find, exceptions }: Lint, sources: readonly Source[]): string[] {
  const findings = sources.flatMap((source) => find(source));
  const open = findings.filter((finding) => !exceptions.some((one) => covers(one, finding)));
  const idle = exceptions.filter((one) => !findings.some((finding) => covers(one, finding)));
  return [
    ...open.map(({ file, line, place, why }) => `${file}:${line}: ${place || "the module"} ${why}`),
    ...idle.map(({ file, place }) =>
      `scripts/lints/: the exception of ${name} for ${[file, place].filter(Boolean).join(" ")} ` +
      "is of nothing, remove it"
    ),
  ];
}

function covers({ file, place }: Exception, finding: Finding): boolean {
  const there = file.endsWith("/") ? finding.file.startsWith(file) : finding.file === file;
  return there && (place === undefined || place === finding.place);
}
