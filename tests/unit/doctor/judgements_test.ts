import { assertEquals, assertMatch } from "@std/assert";
import type { CgroupLayout } from "../../../runtime/cgroup/layout.ts";
import {
  judgeCgroups,
  judgeSeccomp,
  judgeSubordinateIds,
  type SubordinateIds,
} from "../../../runtime/doctor/containers.ts";
import { ENGINES, judgeEngine } from "../../../runtime/doctor/engines.ts";
import type { Finding } from "../../../runtime/finding.ts";
import {
  judgeKernel,
  judgeLsms,
  judgeUserNamespaces,
  type UserNamespaceFacts,
} from "../../../runtime/doctor/kernel.ts";

/** What a finding says when it is not ok; an empty text when it is. */
function complaint({ ok, detail, remedy }: Finding): string {
  return ok ? "" : `${detail}; ${remedy}`;
}

Deno.test("judgeKernel() wants Linux 5.12", () => {
  for (const release of ["5.12.0", "5.15.0-100-generic", "6.1.0-18-amd64", "10.0"]) {
    assertEquals(judgeKernel(release).ok, true, release);
  }
  for (const release of ["5.11.22", "4.18.0-553.el8", "3.10"]) {
    assertEquals(complaint(judgeKernel(release)), `Linux ${release}; boot Linux 5.12 or newer`);
  }
});

Deno.test("judgeKernel() wants a kernel that executes memory files", () => {
  for (const value of ["0", "1"]) assertEquals(judgeKernel("6.18.0", value).ok, true, value);
  assertMatch(
    complaint(judgeKernel("6.18.0", "2")),
    /memfd_noexec is 2.*sysctl vm\.memfd_noexec=1/,
  );
});

Deno.test("judgeLsms() names them, and SELinux's mode", () => {
  assertEquals(judgeLsms("lockdown,apparmor", false).detail, "lockdown, apparmor");
  assertEquals(
    judgeLsms("capability,selinux\n", true).detail,
    "capability, selinux; SELinux enforcing",
  );
  assertEquals(judgeLsms("", false).detail, "none");
  assertMatch(complaint(judgeLsms(undefined, false)), /securityfs is not mounted; mount it with/);
});

Deno.test("judgeUserNamespaces() finds each switch that turns them off", () => {
  const judge = (facts: Partial<UserNamespaceFacts>) =>
    complaint(judgeUserNamespaces({
      most: 1000,
      unprivileged: undefined,
      apparmorRestricts: undefined,
      ...facts,
    }));
  assertEquals(judge({}), "");
  assertEquals(judge({ unprivileged: "1", apparmorRestricts: "0" }), "");
  assertMatch(judge({ most: undefined }), /not in this kernel/);
  assertMatch(judge({ most: 0 }), /sysctl user\.max_user_namespaces=/);
  assertMatch(judge({ unprivileged: "0" }), /sysctl kernel\.unprivileged_userns_clone=1/);
  assertMatch(judge({ apparmorRestricts: "1" }), /apparmor_restrict_unprivileged_userns=0/);
});

Deno.test("judgeCgroups() tells layout and drivers, and what a user without rights can do", () => {
  const layout: CgroupLayout = {
    mode: "v2",
    hierarchies: [{
      version: 2,
      controllers: [],
      mountPoint: "/sys/fs/cgroup",
      root: "/",
      self: "/",
    }],
  };
  const host = { systemd: true, writable: true };
  assertEquals(judgeCgroups(layout, host).detail, "v2; cgroupfs and systemd drivers");
  assertEquals(
    judgeCgroups({ ...layout, mode: "hybrid" }, { ...host, systemd: false }).detail,
    "hybrid, 1 hierarchies; cgroupfs driver",
  );
  const user = judgeCgroups(layout, { ...host, writable: false });
  assertEquals(user.concern, "rootless");
  assertMatch(complaint(user), /not writable by you; have cgroups delegated/);
  assertMatch(complaint(judgeCgroups({ mode: "none", hierarchies: [] }, host)), /mount -t cgroup2/);
});

Deno.test("judgeSeccomp() wants the library", () => {
  assertEquals(judgeSeccomp("2.5.4").ok, true);
  assertMatch(complaint(judgeSeccomp(undefined)), /^not found; install libseccomp 2\.5/);
});

Deno.test("judgeSubordinateIds() counts by name and by uid, and knows the helpers", () => {
  const judge = (changes: Partial<SubordinateIds>) =>
    judgeSubordinateIds({
      user: "ann",
      uid: 1000,
      subuid: "bob:1:5\nann:100000:65536\n1000:300000:10\n",
      subgid: "ann:100000:65536\n",
      newuidmap: "/usr/bin/newuidmap",
      newgidmap: "/usr/bin/newgidmap",
      ...changes,
    });
  assertEquals(judge({}).detail, "65546 uids and 65536 gids for ann");
  assertMatch(complaint(judge({ subgid: "" })), /^\/etc\/subgid has none for ann; usermod --add/);
  assertMatch(complaint(judge({ subuid: "ann:1" })), /^\/etc\/subuid has none for ann; /);
  assertMatch(complaint(judge({ newuidmap: undefined })), /^newuidmap is missing; install/);
  assertMatch(complaint(judge({ newgidmap: undefined })), /^newgidmap is missing; install/);
  assertEquals(judge({ user: "root", uid: 0, newuidmap: undefined }).ok, true);
});

Deno.test("judgeEngine() finds kago in each engine's own words", () => {
  const known: Record<string, string[]> = {
    podman: [
      '[engine.runtimes]\nkago = ["/usr/local/bin/kago"]\n',
      '[engine]\nruntime = "kago"\n',
      '[engine]\n  runtime="/opt/bin/kago"\n',
    ],
    Docker: ['{"runtimes": {"kago": {"path": "/usr/local/bin/kago"}}}'],
    containerd: ['  BinaryName = "/usr/local/bin/kago"\n', "BinaryName = 'kago'\n"],
    "CRI-O": ['[crio.runtime.runtimes.kago]\n  runtime_path = "/usr/local/bin/kago"\n'],
  };
  const others = ['[engine]\nruntime = "crun"\n# kago = []\n', '{"runtimes":{"runc":{}}}', ""];
  for (const engine of ENGINES) {
    for (const text of known[engine.name]!) {
      assertEquals(judgeEngine(engine, "/bin/x", ["", text]).ok, true, text);
    }
    assertMatch(
      complaint(judgeEngine(engine, "/bin/x", others)),
      /^\/bin\/x is not configured for kago; /,
    );
    assertEquals(judgeEngine(engine, "/bin/x", []).ok, false);
  }
});
