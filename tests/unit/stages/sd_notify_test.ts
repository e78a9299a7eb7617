import { assertEquals, assertMatch } from "@std/assert";
import { namesManager, PASSED_ON, withNotify } from "../../../runtime/stages/sd_notify.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";

const SPEC: Spec = {
  ociVersion: "1.3.0",
  root: { path: "rootfs" },
  process: { cwd: "/", args: ["sh"], env: ["A=1", "NOTIFY_SOCKET=/image's"] },
  mounts: [{ destination: "/run", type: "tmpfs" }],
};

Deno.test("withNotify() binds the folder last, and names the socket last", () => {
  assertEquals(withNotify(SPEC, "/state/id/sd_notify"), {
    ...SPEC,
    process: {
      ...SPEC.process!,
      env: ["A=1", "NOTIFY_SOCKET=/image's", "NOTIFY_SOCKET=/run/notify/notify.sock"],
    },
    mounts: [
      { destination: "/run", type: "tmpfs" },
      {
        destination: "/run/notify",
        type: "bind",
        source: "/state/id/sd_notify",
        options: ["bind", "nosuid", "noexec", "nodev", "ro"],
      },
    ],
  });
});

Deno.test("withNotify() leaves a spec alone without a folder, or without a process", () => {
  const { process: _, ...processless } = SPEC;
  assertEquals(withNotify(SPEC, undefined), SPEC);
  assertEquals(withNotify(processless, "/folder"), processless);
});

Deno.test("namesManager() takes paths and abstract names of this host", () => {
  for (const address of ["/run/systemd/notify", "@abstract"]) {
    assertEquals(namesManager(address), true, address);
  }
  for (const address of [undefined, "", "/", "@", "vsock:2:5", "run/notify"]) {
    assertEquals(namesManager(address), false, address);
  }
});

Deno.test("a program may tell of its state, not of processes and descriptors", () => {
  const words = [
    "MAINPID",
    "MAINPIDFD",
    "NOTIFYACCESS",
    "FDSTORE",
    "FDNAME",
    "BARRIER",
    "BUSERROR",
  ];
  assertEquals(words.filter((word) => (PASSED_ON as readonly string[]).includes(word)), []);
  // What helper-c/shim/notify.h takes.
  for (const name of PASSED_ON) assertMatch(name, /^[A-Z_]+$/);
});
