/** `kago manual [PAGE]`. */
import { COMMIT_DATE } from "../../ffi/embedded.gen.ts";
import { type CommandName, COMMANDS, type Invocation } from "../cli/command_table.ts";
import { manualPage } from "../cli/manual.ts";
import { microvmPage } from "../cli/manual_microvm.ts";
import { print } from "../cli/output.ts";
import { UsageError } from "../common/errors.ts";

/** @throws {UsageError} for an unknown page, {Deno.errors} for a folder that cannot be written */
export function run({ positionals: [page], options: { output } }: Invocation<"manual">): number {
  if (output !== undefined && page !== undefined) {
    throw new UsageError("manual: --output writes all pages, and does not take PAGE");
  }
  if (output !== undefined) writeAll(output);
  else if (page === "microvm") print(microvmPage(COMMIT_DATE));
  else if (page === undefined || Object.hasOwn(COMMANDS, page)) {
    print(manualPage(page as CommandName | undefined, COMMIT_DATE));
  } else throw new UsageError(`manual: there is no page ${page}; give a command, or microvm`);
  return 0;
}

function writeAll(folder: string): void {
  const names = [undefined, ...Object.keys(COMMANDS)] as (CommandName | undefined)[];
  for (const section of ["man1", "man7"]) {
    Deno.mkdirSync(`${folder}/${section}`, { recursive: true });
  }
  for (const name of names) {
    const file = ["kago", ...(name ? [name] : [])].join("-");
    Deno.writeTextFileSync(`${folder}/man1/${file}.1`, manualPage(name, COMMIT_DATE));
  }
  Deno.writeTextFileSync(`${folder}/man7/kago-microvm.7`, microvmPage(COMMIT_DATE));
}
