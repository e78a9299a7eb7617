import { assertEquals } from "@std/assert";
import { filterFlags } from "../../../runtime/seccomp/flags.ts";
import type { SeccompFlag } from "../../../runtime/spec/spec.ts";
import { allowing } from "./profile.ts";
import { given } from "../../../runtime/common/given.ts";

const NOTIFY = { names: ["mknod"], action: "SCMP_ACT_NOTIFY" } as const;
const TSYNC = "SECCOMP_FILTER_FLAG_TSYNC";
const KILLABLE = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";

function flagsOf(flags: SeccompFlag[] | undefined, ...rules: typeof NOTIFY[]) {
  return filterFlags({ ...allowing(...rules), ...given({ flags }) }).flags;
}

Deno.test("filterFlags() is SPEC_ALLOW without flags, and nothing with an empty list", () => {
  assertEquals(flagsOf(undefined), 4);
  assertEquals(flagsOf([]), 0);
});

Deno.test("filterFlags() adds up the flags named", () => {
  assertEquals(flagsOf([TSYNC, "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_LOG"]), 3);
});

Deno.test("filterFlags() asks for a listener when a rule notifies", () => {
  assertEquals(filterFlags({ ...allowing(NOTIFY), flags: [] }), { flags: 8, listener: true });
  assertEquals(filterFlags({ ...allowing(), flags: [] }), { flags: 0, listener: false });
});

Deno.test("filterFlags() adds TSYNC_ESRCH to TSYNC with a listener, which the kernel wants", () => {
  assertEquals(flagsOf([TSYNC], NOTIFY), 1 | 8 | 16);
});

Deno.test("filterFlags() has WAIT_KILLABLE_RECV with a listener only, as the kernel wants it", () => {
  assertEquals(flagsOf([KILLABLE], NOTIFY), 8 | 32);
  assertEquals(flagsOf([KILLABLE]), 0);
});
