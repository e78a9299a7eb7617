import { assertEquals } from "@std/assert";
import { RLIMITS } from "../../../runtime/spec/rlimits.ts";

Deno.test("RLIMITS numbers the kernel's 16 limits", () => {
  assertEquals(Object.values(RLIMITS), Array.from({ length: 16 }, (_, number) => number));
  assertEquals([RLIMITS.RLIMIT_CPU, RLIMITS.RLIMIT_NPROC, RLIMITS.RLIMIT_NOFILE], [0, 6, 7]);
  assertEquals([RLIMITS.RLIMIT_MEMLOCK, RLIMITS.RLIMIT_RTTIME], [8, 15]);
});
