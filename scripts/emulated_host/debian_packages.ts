/** The packages of this machine, a Debian or a derivative, and those of its archive. */
import { HostError } from "../../runtime/common/errors.ts";
import { exists, readIfPresent } from "../build/output_file.ts";
import { hostRelease } from "./apt_sources.ts";
import { tell, tool, toolText } from "./command.ts";

/**
 * Installs missing packages.
 * @throws {HostError} when some are missing and the caller is not root.
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const missing = await missingPackages(packages);
  if (missing.length === 0) return;
  if (Deno.uid() !== 0) throw notRoot(missing);
  tell(`installing ${missing.join(", ")}`);
  await withPackageLists(() => tool("apt-get", [...INSTALL, ...missing]));
}

const INSTALL = ["-q", "install", "-y", "--no-install-recommends"];

function notRoot(missing: readonly string[]): HostError {
  return new HostError(
    `the Debian packages ${missing.join(", ")} are missing`,
    `run apt-get ${INSTALL.slice(1).join(" ")} ${missing.join(" ")} as root`,
  );
}

/**
 * Installs `name` in the version `oldest` or newer, in dpkg's order, unless it is installed: from the release's backports
 * if the release has an older one. apt uses the backports only this once.
 * @throws {HostError} when the caller is not root, or the backports have none that is new enough.
 */
export async function installNewer(name: string, oldest: string): Promise<void> {
  if (await isAtLeast(await installedVersion(name), oldest)) return;
  if (Deno.uid() !== 0) throw notRoot([`${name} (${oldest} or newer)`]);
  const offered = await withPackageLists(() => offeredVersion(name));
  if (await isAtLeast(offered, oldest)) await installPackages([name]);
  // An installed package that is too old is not among the missing.
  if (!await isAtLeast(await installedVersion(name), oldest)) await installFromBackports(name);
  const installed = await installedVersion(name);
  if (await isAtLeast(installed, oldest)) return;
  throw new HostError(
    `the Debian package ${name} is ${installed || "missing"}, and must be ${oldest} or newer`,
    "install a newer one as root, from the release's backports or a newer release",
  );
}

/** "" when it is not installed. */
async function installedVersion(name: string): Promise<string> {
  if ((await missingPackages([name])).length > 0) return "";
  return await toolText("dpkg-query", ["-W", "-f", "${Version}", name]);
}

/** @throws {Error} when apt does not know the package, for example without package lists. */
async function offeredVersion(name: string): Promise<string> {
  const policy = await toolText("apt-cache", ["policy", name]);
  const version = /^ *Candidate: (\S+)$/m.exec(policy)?.[1];
  if (!version || version === "(none)") throw new Error(`apt knows no package ${name}`);
  return version;
}

async function isAtLeast(version: string, oldest: string): Promise<boolean> {
  if (!version) return false;
  const args = ["--compare-versions", version, "ge", oldest];
  return (await new Deno.Command("dpkg", { args }).output()).success;
}

async function installFromBackports(name: string): Promise<void> {
  const sources = await Deno.makeTempFile({ prefix: "kago_", suffix: ".list" });
  try {
    const { suite, line } = await findBackports();
    tell(`installing ${name} from ${suite}`);
    const others = await readIfPresent("/etc/apt/sources.list"); // apt reads `sources` instead
    await Deno.writeTextFile(sources, `${others ?? ""}\n${line}\n`);
    const place = ["-o", `Dir::Etc::SourceList=${sources}`];
    await tool("apt-get", ["-q", ...place, "update"]);
    await tool("apt-get", [...place, ...INSTALL, "-t", suite, name]);
  } finally {
    await Deno.remove(sources);
  }
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The release's backports, at the mirror of its other packages; an empty line when apt already has them. */
async function findBackports(): Promise<{ suite: string; line: string }> {
  const release = await hostRelease();
  const format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
  const args = ["indextargets", "--format", format, "Created-By: Packages"];
  const targets = (await toolText("apt-get", args)).split("\n").map((line) => line.split(" "));
  const find = (wanted: string) =>
    targets.find(([suite, component]) => suite === wanted && component === "main")?.[2];
  const suite = `${release}-backports`, archive = find(release);
  if (find(suite)) return { suite, line: "" };
  if (!archive) throw new Error(`apt has no archive of the release ${release}`);
  const signed = await exists(KEYRING) ? ` [signed-by=${KEYRING}]` : "";
  return { suite, line: `deb${signed} ${archive} ${suite} main` };
}

async function missingPackages(packages: readonly string[]): Promise<string[]> {
  const query = new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package} ${db:Status-Status}\n", ...packages],
    stdin: "null",
    stdout: "piped",
    stderr: "null", // it names each unknown package there and ends with 1
  });
  const { stdout } = await query.output();
  const installed = new TextDecoder().decode(stdout).split("\n");
  return packages.filter((name) => !installed.includes(`${name} installed`));
}

/**
 * Runs `action`, which uses apt. If it fails, it is run once more with new package lists: a fresh container image has none,
 * and those of an old one name files that the archive no longer has.
 */
export async function withPackageLists<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    try {
      await tool("apt-get", ["-q", "update"]);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}`, { cause });
    }
    return await action();
  }
}
