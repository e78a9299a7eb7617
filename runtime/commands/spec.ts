/** `kago spec`: prints a config.json as a starting point. */
import type { Invocation } from "../cli/command_table.ts";
import { UsageError } from "../common/errors.ts";
import { joinPath } from "../common/path.ts";
import { defaultSpec } from "../spec/default_spec.ts";

export function run({ options }: Invocation<"spec">): number {
  const path = joinPath(joinPath(Deno.cwd(), options.bundle), options.file);
  const spec = defaultSpec({ rootless: options.rootless });
  try {
    Deno.writeTextFileSync(path, `${JSON.stringify(spec, null, 2)}\n`, { createNew: true });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new UsageError(`${path} exists: remove it first`, { cause });
  }
  return 0;
}
