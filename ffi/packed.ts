/** What the packed executable's entry stub tells the program (scripts/build/program.ts); nothing under `deno compile`. */

export interface Packed {
  /** The caller's soft limit on open files, which Deno has raised since. */
  readonly softNofile: number;
  /**
   * The connection to the Init of a container that the stub has started and whose program could not be executed, which
   * says why; 0 when there is none.
   */
  readonly report: number;
  /** The path of a file with the caller's environment, each variable ended by NUL. */
  readonly environment: string;
  /** The path of the shim, ready to be loaded. */
  readonly shim: string;
}

export function packed(): Packed | undefined {
  return (globalThis as { kago?: Packed }).kago;
}
