/** What the packed executable's entry stub tells the program (scripts/build/program.ts); nothing under `deno compile`. */

export interface Packed {
  /** The caller's soft limit on open files, which Deno has raised since. */
  readonly softNofile: number;
  /** The path of the shim, ready to be loaded. */
  readonly shim: string;
}

export function packed(): Packed | undefined {
  return (globalThis as { kago?: Packed }).kago;
}
