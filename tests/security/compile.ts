/** Compiles the C programs of this folder that attacks need. */
import { runOk } from "../harness/run.ts";

/** Compiles `name`.c of this folder into a static program at `path`. */
export async function compileProgram(name: string, path: string): Promise<void> {
  const source = new URL(`${name}.c`, import.meta.url).pathname;
  await runOk("cc", ["-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", path, source]);
}
