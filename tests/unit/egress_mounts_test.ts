import { assertEquals, assertThrows } from "@std/assert";
import { requireNoOtherCgroup } from "../../runtime/build/egress_mounts.ts";
import { SpecError } from "../../runtime/common/errors.ts";
import type { Mount, Namespace } from "../../runtime/spec/spec.ts";

const V2 = "/no/such/cgroup";

/** All that is below V2 is its filesystem; `/link` leads to what is above it. */
function identify(path: string) {
  const real = path.replace(/^\/link/, "/no").replace(/^\/unified/, V2);
  return { dev: `${real}/`.startsWith(`${V2}/`) ? 2 : 1, ino: real.length };
}

function check(mounts: Mount[], ...namespaces: Namespace[]): void {
  const spec = { ociVersion: "1.2.0", mounts, linux: { namespaces } };
  requireNoOtherCgroup(spec, "the list", { mountPoint: V2, bundle: "/bundle", identify });
}

const bind = (source: string, ...options: string[]): Mount => (
  { destination: "/x", source, options: ["rbind", ...options] }
);
const own: Namespace = { type: "cgroup" };
const joined: Namespace = { type: "cgroup", path: "/proc/1/ns/cgroup" };
const filesystem = (type: string, ...options: string[]): Mount => (
  { destination: "/sys/fs/cgroup", type, source: "cgroup", options }
);

Deno.test("requireNoOtherCgroup() refuses what shows other cgroups and can be written", () => {
  const refused: [Mount[], ...Namespace[]][] = [
    [[bind(V2)], own],
    [[bind(V2, "ro", "rw")]],
    [[bind(`${V2}/machine`)]],
    [[bind("../no/such/cgroup/")]],
    [[bind("/")]],
    [[bind("/no", "ro")]],
    [[bind("/link")]],
    [[bind("/unified/machine")]],
    [[{ ...bind(V2), type: "bind", options: [] }]],
    [[bind(V2, "ro"), { destination: "/x/", options: ["bind", "remount", "rw"] }]],
    [[filesystem("cgroup2")]],
    [[filesystem("cgroup2")], joined],
    [[filesystem("cgroup")], joined],
  ];
  for (const [mounts, ...namespaces] of refused) {
    const error = assertThrows(() => check(mounts, ...namespaces), SpecError);
    assertEquals(
      error.message.startsWith("mounts[0]: through a writable mount"),
      true,
      error.message,
    );
  }
  const { message } = assertThrows(() => check([bind("/home"), bind("/no")]), SpecError);
  assertEquals(
    message,
    "mounts[1]: through a writable mount of cgroup v2 a process can leave its cgroup, which the list does not allow: " +
      "leave it out, or give it the option rro",
  );
});

Deno.test("requireNoOtherCgroup() lets through what is read-only, the container's own, or elsewhere", () => {
  check([
    bind(V2, "ro"),
    bind(`${V2}/machine`, "rro"),
    bind("/no", "rro"),
    bind(`${V2}2`),
    bind("/no/such/other"),
    { destination: "/x", source: "/no", options: ["bind"] },
    filesystem("cgroup2", "ro"),
    filesystem("cgroup"),
  ]);
  check([filesystem("cgroup"), filesystem("cgroup2")], own);
  check([filesystem("cgroup", "ro"), filesystem("cgroup2", "ro")], joined);
});
