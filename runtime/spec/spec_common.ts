/** Types that several parts of config.json use. */

/**
 * A 64-bit integer of config.json: a number while it is a safe integer, a bigint beyond 2^53 - 1, where a number would lose
 * digits. Write it as `${value}`, calculate with `BigInt(value)`, and serialise the spec with stringifySpec().
 */
export type Int64 = number | bigint;

/** As Int64, from 0 to 2^64 - 1: RLIM_INFINITY arrives as 18446744073709551615n. */
export type Uint64 = number | bigint;

/** One range of ids, a line of /proc/PID/uid_map (user_namespaces(7)). */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}
