import { assertEquals, assertThrows } from "@std/assert";
import { filterPs } from "../../../runtime/commands/ps.ts";
import { UsageError } from "../../../runtime/common/errors.ts";

const TABLE = `UID        PID  PPID CMD
root         1     0 init
root        12     1 a PID 1
root       123     1 b
`;

Deno.test("filterPs() keeps the header and the processes of the list", () => {
  assertEquals(
    filterPs(TABLE, [12, 99]),
    "UID        PID  PPID CMD\nroot        12     1 a PID 1\n",
  );
  assertEquals(filterPs(TABLE, []), "UID        PID  PPID CMD\n");
});

Deno.test("filterPs() refuses a table in which it cannot find the process ids", () => {
  assertThrows(() => filterPs("COMMAND\nsh\n", [1]), UsageError, "no column PID");
  const spaces = "COMMAND PID\nWeb Content 12\n";
  assertThrows(() => filterPs(spaces, [12]), UsageError, 'no process id in "Web Content 12"');
});
