import { assertEquals } from "@std/assert";
import { type CommandName, COMMANDS, type Invocation } from "../../../runtime/cli/command_table.ts";
import { type CommandLoaders, runCommand } from "../../../runtime/cli/dispatch.ts";
import { parseCommand, parseGlobalOptions } from "../../../runtime/cli/parse.ts";

Deno.test("runCommand() loads one module, hands it the invocation and returns its exit code", async () => {
  const log: unknown[] = [];
  const loaders = Object.fromEntries(
    (Object.keys(COMMANDS) as CommandName[]).map((name) => [name, () => {
      log.push(name);
      const run = (invocation: Invocation) => log.push(invocation.positionals);
      return Promise.resolve({ run });
    }]),
  ) as unknown as CommandLoaders;
  const line = parseCommand(parseGlobalOptions(["kill", "c1", "KILL"]));
  assertEquals(line.kind, "run");
  if (line.kind === "run") assertEquals(await runCommand(loaders, line.invocation), 2);
  assertEquals(log, ["kill", ["c1", "KILL"]]);
});
