/** Order statistics of a list of numbers, of any unit. */

/** The quantile `fraction` (0 to 1) of the values, interpolated between neighbours; NaN for no values. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A median with the first and the third quartile. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** `values[i] / others[i]`: compares what was measured at the same time. */
export function pairedRatios(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, at) => value / others[at]!).filter(Number.isFinite);
}
