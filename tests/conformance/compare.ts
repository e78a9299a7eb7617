/** The failures of kago in the validation suite that runc does not have. Pure. */
import type { Report } from "./tap.ts";

/**
 * Sentences about `program`, none when kago does no worse. Worse is: runc passes and kago fails, or an assertion holds
 * more often under runc. A program that fails under both is still compared: it may fail in one place of many.
 */
export function compareReports(kago: Report, runc: Report): string[] {
  const lost = [...new Set(runc.passed)]
    .filter((text) => count(runc.passed, text) > count(kago.passed, text))
    .map((text) => `holds under runc only: ${text}`);
  if (runc.failed.length > 0) return lost;
  return [...kago.failed.map((text) => `fails under kago only: ${text}`), ...lost];
}

function count(texts: readonly string[], wanted: string): number {
  return texts.filter((text) => text === wanted).length;
}

/** A cell of the table: `ok 309`, or how many of how many fail. */
export function summary({ passed, failed, skipped }: Report): string {
  const skips = skipped > 0 ? `, ${skipped} skipped` : "";
  if (failed.length === 0) return `ok ${passed.length}${skips}`;
  return `FAILED ${failed.length} of ${passed.length + failed.length}${skips}`;
}
