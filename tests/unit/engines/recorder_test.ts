import { assertEquals } from "@std/assert";
import { withoutNames, withoutRepeats } from "../../engines/recorder.ts";

Deno.test("withoutNames() leaves of a call what is the same each time", () => {
  const call = "--root /r --log /l --log-format json create --bundle /b --pid-file /p one";
  assertEquals(
    withoutNames(call.split(" ")).join(" "),
    "--log LOG --log-format json create --bundle BUNDLE --pid-file PIDFILE ID",
  );
});

Deno.test("withoutRepeats() counts what comes again and again once, what comes later as another", () => {
  const calls = ["state", "state", "delete", "state"].map((word) => [word]);
  assertEquals(withoutRepeats(calls), [["state"], ["delete"], ["state"]]);
});
