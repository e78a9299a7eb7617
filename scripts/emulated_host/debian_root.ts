/**
 * The root filesystem of an emulated host with a Debian release: a small Debian with what containers and their tests need,
 * made by mmdebstrap(1), in `build/cache/emulated_host/RELEASE/root`. The packages come from the same mirrors as this
 * machine's.
 */
import { aptSettings, mirrorLines } from "./apt_sources.ts";
import { cachedDirectory } from "./cache.ts";
import { tell, tool } from "./command.ts";
import { installPackages, withPackageLists } from "./debian_packages.ts";

/** The code name of the release in which tests run; the environment variable overrides it. */
export const TESTED_RELEASE = Deno.env.get("EMULATED_RELEASE") ?? "trixie";

/** The last release whose kernel has the controllers memory and cpuset in cgroup v1 too. */
export const V1_RELEASE = "bookworm";

export const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "libpam-systemd", "dbus-user-session", "apparmor"],
  ...[
    "podman",
    "crun",
    "runc",
    "netavark",
    "aardvark-dns",
    "iptables",
    "nftables",
    "containerd",
    "docker.io",
  ],
  ...["uidmap", "slirp4netns", "passt", "fuse-overlayfs", "buildah", "catatonit", "criu"],
  ...["busybox-static", "kmod", "iproute2", "procps", "strace", "checkpolicy", "gcc", "libc6-dev"],
  ...["libsystemd0", "libseccomp2", "libcap-ng0"],
];

/** Programs that are in another package in Debian 12. */
const SINCE_TRIXIE = ["docker-cli"];

/** Not needed by tests, and half of the files. */
const LEFT_OUT = ["/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*"];

/** Runs in the new root, whose path is in `$1`. */
const CUSTOMIZE = `
  set -e
  echo emulated-host > "$1/etc/hostname"
  echo 127.0.0.1 localhost emulated-host > "$1/etc/hosts"
  echo 6b61676f6b61676f6b61676f6b61676f > "$1/etc/machine-id" # without one every boot is a first boot
  ln -s /dev/null "$1/etc/tmpfiles.d/tmp.conf" # it would empty /tmp, and the repository may be there
  chroot "$1" groupadd --system kvm
  # An ordinary user with subordinate ids, and a session that lasts from boot on (loginctl enable-linger).
  chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 --groups kvm user
  mkdir -p "$1/var/lib/systemd/linger"
  touch "$1/var/lib/systemd/linger/user"
`;

/**
 * The path of the root of `release`, a code name; the first call downloads about 250 MB and takes a minute. It is never
 * updated.
 */
export async function prepareDebianRoot(release: string): Promise<string> {
  const packages = release === "bookworm" ? PACKAGES : [...PACKAGES, ...SINCE_TRIXIE];
  const inputs = [packages, LEFT_OUT, CUSTOMIZE];
  const path = await cachedDirectory(`emulated_host/${release}/root`, inputs, async (directory) => {
    await installPackages(["mmdebstrap"]);
    tell(`making a root of ${release} (250 MB)`);
    const sources = await withPackageLists(() => mirrorLines(release));
    await Deno.writeTextFile(`${directory}/sources.list`, sources);
    await Deno.writeTextFile(`${directory}/apt.conf`, await aptSettings(release));
    await tool("mmdebstrap", [
      ...["--mode=root", "--variant=minbase", `--include=${packages}`],
      ...[...LEFT_OUT.map((path) => `path-exclude=${path}`), "force-unsafe-io"]
        .map((option) => `--dpkgopt=${option}`),
      `--aptopt=${directory}/apt.conf`,
      `--customize-hook=${CUSTOMIZE}`,
      ...[release, `${directory}/root`, `${directory}/sources.list`],
    ]);
  });
  return `${path}/root`;
}
