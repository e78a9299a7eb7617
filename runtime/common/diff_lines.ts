/** Compares two lists of lines. */

/** Common lines before and after a difference. */
const CONTEXT = 2;

/** The lines as `- old`, `+ new` and `  same`, with common ones only as context; empty without a difference. */
export function diffLines(before: readonly string[], after: readonly string[]): string[] {
  const all = editScript(before, after);
  const isNear = (index: number) =>
    all.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => line[0] !== " ");
  return all.flatMap((line, index) => {
    if (isNear(index)) return [line];
    return index > 0 && isNear(index - 1) && all.slice(index).some((rest) => rest[0] !== " ")
      ? ["  …"]
      : [];
  });
}

/** By a longest common subsequence; for a few hundred lines on each side. */
function editScript(before: readonly string[], after: readonly string[]): string[] {
  const rest = commonLengths(before, after);
  const lines: string[] = [];
  let i = 0, j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(`  ${before[i++]}`);
      j++;
    } else if (j === after.length || i < before.length && rest[i + 1]![j]! >= rest[i]![j + 1]!) {
      lines.push(`- ${before[i++]}`);
    } else lines.push(`+ ${after[j++]}`);
  }
  return lines;
}

/** [i][j]: the length of the longest common subsequence of the remaining lines from i and from j. */
function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const rows = Array.from(
    { length: before.length + 1 },
    () => new Array<number>(after.length + 1).fill(0),
  );
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      rows[i]![j] = before[i] === after[j]
        ? rows[i + 1]![j + 1]! + 1
        : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!);
    }
  }
  return rows;
}
