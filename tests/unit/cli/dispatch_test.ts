import { assertEquals } from "@std/assert";
import { type CommandName, COMMANDS, type Invocation } from "../../../runtime/cli/command_table.ts";
import { type CommandLoaders, runCommand } from "../../../runtime/cli/dispatch.ts";
import { parseCommand, parseGlobalOptions } from "../../../runtime/cli/parse.ts";
import { createLogger, type Logger } from "../../../runtime/log.ts";

Deno.test("runCommand() loads one module, hands it invocation and logger, and returns its exit code", async () => {
  const log: unknown[] = [];
  const logger = createLogger({ format: "text", level: "info" });
  const loaders = Object.fromEntries(
    (Object.keys(COMMANDS) as CommandName[]).map((name) => [name, () => {
      log.push(name);
      const run = (invocation: Invocation, given: Logger) =>
        log.push(invocation.positionals, given === logger);
      return Promise.resolve({ run });
    }]),
  ) as unknown as CommandLoaders;
  const line = parseCommand(parseGlobalOptions(["kill", "c1", "KILL"]));
  assertEquals(line.kind, "run");
  if (line.kind === "run") assertEquals(await runCommand(loaders, line.invocation, logger), 3);
  assertEquals(log, ["kill", ["c1", "KILL"], true]);
});
