import { assertEquals } from "@std/assert";
import { EXAMPLES } from "../../../runtime/cli/examples.ts";
import { parseCommand, parseGlobalOptions } from "../../../runtime/cli/parse.ts";

Deno.test("every example begins with a call of its command", () => {
  for (const [command, examples] of Object.entries(EXAMPLES)) {
    for (const { command: line } of examples) {
      const [, words] = /^kago ([^|>;]+)/.exec(line)!;
      const parsed = parseCommand(parseGlobalOptions(words!.trim().split(" ")));
      assertEquals(parsed.kind === "run" && parsed.invocation.command, command, line);
    }
  }
});
