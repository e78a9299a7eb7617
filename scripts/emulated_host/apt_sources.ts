/** The package sources of this machine's apt, for the root of another release. */
import { toolText } from "./command.ts";

/** The code name of this machine's release (os-release(5)). */
export async function hostRelease(): Promise<string> {
  const text = await Deno.readTextFile("/etc/os-release");
  return /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? "stable";
}

/** Debian's unstable has neither updates nor a Valid-Until date. */
const UNSTABLE = "sid";

/** The settings by which this machine's apt reaches and validates its archives, as lines of apt.conf(5) for `release`. */
export async function aptSettings(release: string): Promise<string> {
  const names = ["http::Proxy", "https::Proxy", "Check-Valid-Until", "Check-Date"];
  const own = await toolText("apt-config", ["dump", ...names.map((name) => `Acquire::${name}`)]);
  return release === UNSTABLE ? `${own}\nAcquire::Check-Valid-Until "false";` : own;
}

/**
 * The archives of `release` at the mirrors of this machine's own release, as lines of sources.list(5).
 * @throws {Error} when apt has no package lists.
 */
export async function mirrorLines(release: string): Promise<string> {
  const own = await hostRelease();
  const format = "$(RELEASE) deb $(REPO_URI) $(RELEASE) $(COMPONENT)";
  const args = ["indextargets", "--format", format, "Created-By: Packages"];
  const lines = (await toolText("apt-get", args)).split("\n")
    .filter((line) => line.startsWith(release === UNSTABLE ? `${own} ` : own))
    .map((line) => line.slice(line.indexOf(" ") + 1).replace(` ${own}`, ` ${release}`));
  if (lines.length === 0) throw new Error(`apt has no package lists of ${own}`);
  return lines.join("\n");
}
