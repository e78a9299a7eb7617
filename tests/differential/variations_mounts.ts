/** Variations of `mounts`, `root` and the paths below it. */
import { ALONE, type Mount, type Variation, variations } from "./variation.ts";

const bind = (source: string, destination: string, ...options: string[]): Mount => ({
  destination,
  source,
  type: "bind",
  options,
});

const tmpfs = (destination: string, ...options: string[]): Mount => ({
  destination,
  source: "tmpfs",
  type: "tmpfs",
  options,
});

/** Variations that each add a bind mount of a fixture's folder with these options, comma separated. */
function binds(
  folder: "plain" | "shared" | "restricted",
  list: readonly string[],
): Variation[] {
  return variations(
    "mounts",
    Object.fromEntries(list.map((options) => [
      `${folder} ${options}`,
      ({ mounts }, { fixture }) =>
        mounts.push(bind(fixture[folder], "/data", ...options.split(","))),
    ])),
  );
}

export const MOUNT_VARIATIONS: readonly Variation[] = [
  ...binds("plain", ["bind", "bind,ro", "rbind", "rbind,ro", "rbind,rro", "bind,nosuid,nodev"]),
  ...binds("plain", ["bind,noexec,noatime", "rbind,rprivate", "bind,unbindable", "rbind,rshared"]),
  ...binds("shared", ["rbind", "rbind,rslave", "bind,slave,ro", "rbind,rshared", "rbind,rprivate"]),
  ...binds("restricted", [
    "bind",
    "rbind,rprivate",
    "bind,rw",
    "bind,ro",
    "bind,exec",
    "bind,nodev",
  ]),
  ...binds("restricted", [
    "bind,relatime",
    "bind,nodiratime",
    "bind,strictatime,suid",
    "rbind,rro",
  ]),
  ...variations("mounts", {
    "source missing": ({ mounts }) => mounts.push(bind("/no/such/source", "/data", "bind")),
    "unknown type": ({ mounts }) => mounts.push({ destination: "/data", type: "nofs" }),
    "defaults": ({ mounts }) => mounts.push(tmpfs("/data", "defaults", "rw", "suid", "dev")),
  }, ALONE),
  ...variations("mounts", {
    "bind of a file": ({ mounts }, { fixture }) =>
      mounts.push(bind(`${fixture.plain}/file`, "/etc/data/file", "bind", "ro")),
    "bind relative to the bundle": ({ mounts }) =>
      mounts.push(bind("rootfs/home", "/data", "bind", "private")),
    "bind without a type": ({ mounts }, { fixture }) =>
      mounts.push({ destination: "/data", source: fixture.plain, options: ["bind", "ro"] }),
    "tmpfs with rro": ({ mounts }) => mounts.push(tmpfs("/data", "rro", "rnosuid")),
    "tmpfs remounted": ({ mounts }) =>
      mounts.push(tmpfs("/data", "nosuid"), tmpfs("/data", "remount", "ro")),
    "bind below a tmpfs": ({ mounts }, { fixture }) =>
      mounts.push(tmpfs("/data"), bind(fixture.plain, "/data/deep/down", "bind", "ro")),
    "destination is a symbolic link": ({ mounts }, { fixture, bundle }) => {
      Deno.symlinkSync("/home", `${bundle}/rootfs/link`);
      mounts.push(bind(fixture.plain, "/link/here", "bind"));
    },
    "destination with dots": ({ mounts }) => mounts.push(tmpfs("/home/../data//x")),
    "destination is relative": ({ mounts }) => mounts.push(tmpfs("data")),
    "tmpfs without options": ({ mounts }) => mounts.push(tmpfs("/data")),
    "tmpfs size and mode": ({ mounts }) =>
      mounts.push(tmpfs("/data", "size=64k", "mode=1770", "nosuid", "noexec")),
    "tmpfs uid and gid": ({ mounts }) => mounts.push(tmpfs("/data", "uid=1000", "gid=1000", "ro")),
    "tmpfs over a folder of mode 1777": ({ mounts }) => mounts.push(tmpfs("/tmp", "size=1m")),
    "tmpcopyup": ({ mounts }) => mounts.push(tmpfs("/etc", "tmpcopyup")),
    "times": ({ mounts }) =>
      mounts.push(
        tmpfs("/data/a", "noatime", "nodiratime"),
        tmpfs("/data/b", "strictatime"),
        tmpfs("/data/c", "relatime", "sync", "dirsync"),
      ),
    "two at one destination": ({ mounts }) =>
      mounts.push(tmpfs("/data", "size=64k"), tmpfs("/data", "size=128k")),
    "sysfs of the host": (config) => {
      config.mounts = config.mounts.filter(({ type }) => type !== "sysfs" && type !== "cgroup");
      config.mounts.push(bind("/sys/kernel", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro"));
    },
    "cgroup rw": ({ mounts }) =>
      mounts.at(-1)!.options = mounts.at(-1)!.options!.filter((option) => option !== "ro"),
    "no cgroup, no mqueue": (config) =>
      config.mounts = config.mounts.filter(({ type }) => type !== "mqueue" && type !== "cgroup"),
    "no /dev": (config) =>
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev")),
    "overlay": ({ mounts }, { fixture }) =>
      mounts.push({
        destination: "/data",
        type: "overlay",
        source: "overlay",
        options: [`lowerdir=${fixture.plain}:${fixture.shared}`],
      }),
  }),
  ...variations("root", {
    "readonly": ({ root }) => root.readonly = true,
    "absolute path": ({ root }, { bundle }) => root.path = `${bundle}/rootfs`,
  }),
  ...variations(
    "rootfsPropagation",
    Object.fromEntries(
      ["private", "slave", "shared", "rprivate", "rslave", "rshared"].map((value) => [
        value,
        ({ linux }) => linux.rootfsPropagation = value,
      ]),
    ),
  ),
  ...variations("rootfsPropagation", {
    "unbindable": ({ linux }) => linux.rootfsPropagation = "unbindable",
  }, ALONE),
  ...variations("maskedPaths", {
    "none": ({ linux }) => linux.maskedPaths = [],
    "of the root": ({ linux }) => linux.maskedPaths = ["/etc/passwd", "/home", "/missing/path"],
    "in a read-only place": ({ linux }) => linux.maskedPaths = ["/proc/sys", "/sys/kernel"],
  }),
  ...variations("readonlyPaths", {
    "none": ({ linux }) => linux.readonlyPaths = [],
    "of the root": ({ linux }) => linux.readonlyPaths = ["/etc", "/etc/group", "/missing/path"],
    "a mount": ({ linux }) => linux.readonlyPaths = ["/dev/shm", "/proc/sys"],
  }),
];
