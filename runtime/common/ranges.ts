/** Lists of numbers in the format of the kernel and config.json (cpuset(7), "List format"): `0-2,4`. */

/** Both ends are inclusive. */
export type Range = readonly [first: number, last: number];

/** The ranges of a list; undefined for an invalid one. Blanks around a part, and empty parts, are allowed. */
export function parseRanges(text: string): readonly Range[] | undefined {
  const ranges: Range[] = [];
  for (const part of text.split(",").map((part) => part.trim()).filter(Boolean)) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) return undefined;
    ranges.push([Number(first), Number(last)]);
  }
  return ranges;
}

/** The numbers in the ranges, in their order. */
export function* numbersIn(ranges: readonly Range[]): Generator<number> {
  for (const [first, last] of ranges) {
    for (let number = first; number <= last; number++) yield number;
  }
}
