import { assertEquals } from "@std/assert";
import { formatPath } from "../../../runtime/spec/json_path.ts";

Deno.test("formatPath() joins keys by dots and puts indexes in brackets", () => {
  assertEquals(formatPath(["process", "args", 0]), "process.args[0]");
  assertEquals(formatPath(["mounts", 12, "options", 3]), "mounts[12].options[3]");
  assertEquals(formatPath([]), "");
});

Deno.test("formatPath() quotes keys that are not plain words", () => {
  assertEquals(
    formatPath(["linux", "sysctl", "net.ipv4.ip_forward"]),
    'linux.sysctl["net.ipv4.ip_forward"]',
  );
  assertEquals(formatPath(["annotations", 'a"b']), 'annotations["a\\"b"]');
  assertEquals(formatPath(["annotations", ""]), 'annotations[""]');
});
