import { assertEquals } from "@std/assert";
import { parseCgroupLayout } from "../../../runtime/cgroup/layout.ts";

const PURE_V2 = `22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw
35 22 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
40 28 0:40 / /tmp rw - tmpfs tmpfs rw
`;

const PURE_V1 = `31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:2 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/a,name=systemd
34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
`;

Deno.test("parseCgroupLayout() finds the one hierarchy of a pure v2 host", () => {
  assertEquals(parseCgroupLayout(PURE_V2, "0::/user.slice/a.scope\n"), {
    mode: "v2",
    hierarchies: [{
      version: 2,
      controllers: [],
      mountPoint: "/sys/fs/cgroup",
      root: "/",
      self: "/user.slice/a.scope",
    }],
  });
});

Deno.test("parseCgroupLayout() finds controllers mounted together and named hierarchies of v1", () => {
  const self = "4:memory:/m\n3:cpu,cpuacct:/c:d\n1:name=systemd:/\n0::/ignored\n";
  const layout = parseCgroupLayout(PURE_V1, self);
  assertEquals(layout.mode, "v1");
  assertEquals(layout.hierarchies.map((h) => [h.version, h.controllers, h.mountPoint, h.self]), [
    [1, ["memory"], "/sys/fs/cgroup/memory", "/m"],
    [1, ["cpu", "cpuacct"], "/sys/fs/cgroup/cpu,cpuacct", "/c:d"],
    [1, ["name=systemd"], "/sys/fs/cgroup/systemd", "/"],
  ]);
});

Deno.test("parseCgroupLayout() calls v1 controllers beside a v2 hierarchy hybrid, and puts v2 first", () => {
  const mountinfo = PURE_V1 + "35 31 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  const layout = parseCgroupLayout(mountinfo, "4:memory:/\n0::/u\n");
  assertEquals(layout.mode, "hybrid");
  assertEquals(layout.hierarchies.map((h) => [h.version, h.mountPoint, h.self]), [
    [2, "/sys/fs/cgroup/unified", "/u"],
    [1, "/sys/fs/cgroup/memory", "/"],
  ]);
});

Deno.test("parseCgroupLayout() takes a v2 host with only a named v1 hierarchy for v2", () => {
  const mountinfo = PURE_V2 +
    "36 35 0:33 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";
  const layout = parseCgroupLayout(mountinfo, "1:name=systemd:/\n0::/\n");
  assertEquals(layout.mode, "v2");
  assertEquals(layout.hierarchies.length, 2);
});

Deno.test("parseCgroupLayout() leaves out hierarchies that are not mounted", () => {
  assertEquals(parseCgroupLayout("", "4:memory:/\n0::/\n"), { mode: "none", hierarchies: [] });
  assertEquals(parseCgroupLayout(PURE_V2, "4:memory:/\n").mode, "none");
});

Deno.test("parseCgroupLayout() keeps the mount's root and undoes the octal escapes", () => {
  const mountinfo = "35 22 0:30 /docker/a\\040b /mnt/c\\134d rw - cgroup2 cgroup2 rw\n";
  const [hierarchy] = parseCgroupLayout(mountinfo, "0::/docker/a b\n").hierarchies;
  assertEquals([hierarchy!.root, hierarchy!.mountPoint], ["/docker/a b", "/mnt/c\\d"]);
});

Deno.test("parseCgroupLayout() prefers the mount that shows the whole hierarchy", () => {
  const mountinfo = "34 22 0:30 /part /mnt/part rw - cgroup2 cgroup2 rw\n" + PURE_V2;
  assertEquals(parseCgroupLayout(mountinfo, "0::/\n").hierarchies[0]!.mountPoint, "/sys/fs/cgroup");
});

Deno.test("parseCgroupLayout() is not misled by filesystems and sources named like cgroups", () => {
  const mountinfo =
    "34 22 0:30 / /a rw - cgroupfs-ng cgroup rw\n35 22 0:31 / /b rw - tmpfs cgroup2 rw\n";
  assertEquals(parseCgroupLayout(mountinfo, "0::/\n").mode, "none");
});
