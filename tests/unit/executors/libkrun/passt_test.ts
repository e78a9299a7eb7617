import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { passtArguments, passtCommand } from "../../../../executors/libkrun/passt.ts";
import { HostError } from "../../../../runtime/common/errors.ts";

/** What is given for --tcp-ports; --udp-ports must be the same. */
function ports(pairs: readonly string[] | undefined, fileLimit: number): string {
  const args = passtArguments(pairs, fileLimit);
  const [tcp, udp] = ["--tcp-ports", "--udp-ports"].map((name) => args[args.indexOf(name) + 1]);
  assertEquals(tcp, udp);
  return tcp!;
}

Deno.test("passtArguments() binds the ports that are named, and none for none", () => {
  assertEquals(ports(["8080:80", "443:443"], 1024), "8080:80,443:443");
  assertEquals(ports([], 1024), "none");
});

Deno.test("passtArguments() binds every port where the limit on open files allows it", () => {
  assertEquals(ports(undefined, Infinity), "all");
  assertEquals(ports(undefined, 262144), "all");
  assertEquals(ports(undefined, 20000), "1-4488");
  assertEquals(ports(undefined, 100), "1-1");
});

Deno.test("passtArguments() has it serve our socket, as the container's root, and leave the gateway alone", () => {
  assertEquals(passtArguments([], 1).slice(0, 9), [
    ...["--foreground", "--quiet", "--fd", "3", "--pid", "/proc/self/fd/1"],
    ...["--runas", "0:0", "--no-map-gw"],
  ]);
});

Deno.test("passtCommand() starts the administrator's passt, where root alone can have put it", () => {
  const named = { value: "/usr/bin/env", from: "/etc/kago/microvm.json: passt" };
  assertEquals(passtCommand([], named).program, "/usr/bin/env");
  const file = Deno.makeTempFileSync();
  try {
    const place = { ...named, value: file };
    const { message } = assertThrows(() => passtCommand([], place), HostError);
    assertStringIncludes(message, "/etc/kago/microvm.json: passt: /tmp can be written");
  } finally {
    Deno.removeSync(file);
  }
});
