/** How to install libkrun on a distribution: its package names, or that it has none. */

const BUNDLE = "install the air-gapped bundle of kago, which includes libkrun";

/** By ID of os-release(5). */
const INSTALL: Readonly<Record<string, string>> = {
  debian: `Debian has no libkrun package: ${BUNDLE}`,
  ubuntu: `Ubuntu has no libkrun package: ${BUNDLE}`,
  fedora: "dnf install libkrun",
  opensuse: "zypper install libkrun1",
  arch: "pacman -S libkrun",
};

/**
 * The remedy for a missing libkrun, by the distribution's ID, else by ID_LIKE.
 * @param osRelease the text of /etc/os-release.
 */
export function installLibkrun(osRelease: string): string {
  const names = [valueOf("ID", osRelease), ...valueOf("ID_LIKE", osRelease).split(" ")];
  const known = names.map((name) => name.replace(/^opensuse-.*/, "opensuse"))
    .find((name) => Object.hasOwn(INSTALL, name));
  return known === undefined ? `install libkrun 1.x, or ${BUNDLE.slice(8)}` : INSTALL[known]!;
}

/** The value in a line `NAME=value` or `NAME="value"`. */
function valueOf(name: string, osRelease: string): string {
  return new RegExp(`^${name}=["']?([^"'\\n]*)`, "m").exec(osRelease)?.[1] ?? "";
}
