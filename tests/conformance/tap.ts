/** The results of a validation program, parsed from its TAP (testanything.org, version 13). Pure. */

export interface Report {
  /** Descriptions of assertions that hold, with normalised numbers; one may occur several times. */
  readonly passed: readonly string[];
  /** The same for assertions that do not hold, and errors outside any assertion. */
  readonly failed: readonly string[];
  readonly skipped: number;
}

const ASSERTION = /^(not )?ok\b\s*\d*\s*(?:- )?(.*)$/;

/** Some programs assert nothing and report an error only in a diagnostic block before the plan. */
const ERROR_MEMBER = /^\s*"error": (".+"),?$/;

/** Parses the output of one program; anything that is not TAP is skipped, as TAP requires. */
export function parseTap(output: string): Report {
  const passed: string[] = [], failed: string[] = [];
  let skipped = 0, asserted = false;
  for (const line of output.split("\n")) {
    const [matched, not, text = ""] = ASSERTION.exec(line) ?? [];
    if (matched !== undefined) {
      asserted = true;
      if (text.startsWith("# SKIP")) skipped++;
      else (not ? failed : passed).push(levelled(text));
      continue;
    }
    const error = asserted ? undefined : ERROR_MEMBER.exec(line)?.[1];
    if (error) failed.push(levelled(String(JSON.parse(error)).split("\n")[0]!));
  }
  return { passed, failed, skipped };
}

/** Descriptions contain temporary folders and process ids, which differ in each run. */
function levelled(description: string): string {
  return description.replaceAll(/\d{4,}/g, "…");
}
