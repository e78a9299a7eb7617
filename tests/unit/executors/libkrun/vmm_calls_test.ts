import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VMM_CALLS } from "../../../../executors/libkrun/vmm_calls.ts";
import { callsHeader } from "../../../../scripts/generate_calls.ts";

/** What no VMM needs, and what those who broke out of one used. */
const NEVER = [
  "execve execveat fork vfork ptrace process_vm_readv process_vm_writev pidfd_getfd kill tkill",
  "mount umount2 open_tree move_mount fsopen fsconfig fsmount mount_setattr pivot_root chroot setns",
  "bpf io_uring_setup userfaultfd keyctl add_key request_key kexec_load kexec_file_load perf_event_open",
  "init_module finit_module delete_module open_by_handle_at reboot swapon syslog",
  "setuid setgid setgroups seccomp landlock_restrict_self personality iopl ioperm quotactl acct",
  "process_madvise kcmp add_watch fanotify_init vmsplice remap_file_pages modify_ldt setrlimit",
].join(" ").split(" ");

Deno.test("VMM_CALLS allows none of the calls by which a process gets out or at others", () => {
  const allowed = VMM_CALLS.filter(({ answer }) => answer === undefined).map(({ name }) => name);
  assertEquals(NEVER.filter((name) => allowed.includes(name)), []);
  // A handle tells files apart; without open_by_handle_at it opens none.
  const handles = VMM_CALLS.filter(({ name }) => name === "name_to_handle_at");
  assertEquals(handles.map(({ feature }) => feature), ["watch"]);
});

Deno.test("VMM_CALLS names each call once for each feature", () => {
  const keys = VMM_CALLS.map(({ name, feature, answer }) => `${name} ${feature} ${answer}`);
  assertEquals(keys.filter((key, index) => keys.indexOf(key) !== index), []);
});

Deno.test("VMM_CALLS leaves calls that make or reach much only with certain arguments", () => {
  for (
    const name of ["ioctl", "clone", "unshare", "socket", "socketpair", "prctl", "tgkill", "fcntl"]
  ) {
    const calls = VMM_CALLS.filter((call) => call.name === name);
    assert(calls.length > 0 && calls.every(({ only }) => only && only.length > 0), name);
  }
});

Deno.test("callsHeader() puts the rows of a call together, the ruled ones as the table has them", () => {
  const header = callsHeader([
    { name: "a", only: [{ argument: 1, mask: 0xff, value: 2 }] },
    { name: "b", answer: 38 },
    { name: "a", feature: "tap" },
    { name: "c", only: [{ argument: 0, value: "ownPid" }] },
  ]);
  assertStringIncludes(
    header,
    [
      "#ifdef SYS_a",
      "{SYS_a, 0, 1, 0xffu, 0x2u, false, -1},",
      "{SYS_a, 2, -1, 0, 0, false, -1},",
      "#endif",
      "#ifdef SYS_b",
      "{SYS_b, 0, -1, 0, 0, false, 38},",
      "#endif",
      "#ifdef SYS_c",
      "{SYS_c, 0, 0, 0xffffffffu, 0, true, -1},",
      "#endif",
    ].join("\n"),
  );
});
