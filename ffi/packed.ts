/** Values from the packed executable's entry stub (scripts/build/program.ts); absent in tests of modules. */

export interface Packed {
  /** The caller's soft limit on open files, which Deno has raised. */
  readonly softNofile: number;
  /**
   * The caller's soft limits that the stub has raised, by their numbers in setrlimit(2); NOT_RAISED for one that it has
   * not.
   */
  readonly raised: Readonly<Record<number, bigint>>;
  /**
   * The connection to the Init of a container that the stub has started and whose program could not be executed; Init sends
   * the reason. 0 when there is none.
   */
  readonly report: number;
  /** The path of a file with the caller's environment, each variable terminated by NUL. */
  readonly environment: string;
  /** The path of the shim, ready to load. */
  readonly shim: string;
}

export const NOT_RAISED = 2n ** 64n - 1n;

export function packed(): Packed | undefined {
  return (globalThis as { kago?: Packed }).kago;
}
