/** What is installed on this machine, a Debian or a relative, and what its package archive offers. */
import { HostError } from "../../runtime/errors.ts";
import { exists, readIfPresent } from "../build/output_file.ts";
import { tool, toolText } from "./command.ts";

/**
 * Installs what is missing.
 * @throws {HostError} when something is missing and the caller is not root.
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const missing = await missingPackages(packages);
  if (missing.length === 0) return;
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  if (Deno.uid() !== 0) {
    throw new HostError(
      `the Debian packages ${missing.join(", ")} are missing`,
      `run apt-get ${install.join(" ")} as root`,
    );
  }
  await withPackageLists(() => tool("apt-get", ["-q", ...install]));
}

/**
 * Installs `name` from the release's backports unless its version is `oldest` or newer already, in dpkg's order. apt is told
 * of the backports for this once.
 * @throws {HostError} when the caller is not root, or the backports have none that is new enough.
 */
export async function installNewer(name: string, oldest: string): Promise<void> {
  if (await isAtLeast(name, oldest)) return;
  if (Deno.uid() === 0) await installFromBackports(name);
  if (await isAtLeast(name, oldest)) return;
  throw new HostError(
    `the Debian package ${name} is older than ${oldest}`,
    "install a newer one as root, from the release's backports or a newer release",
  );
}

async function isAtLeast(name: string, oldest: string): Promise<boolean> {
  const installed = await toolText("dpkg-query", ["-W", "-f", "${Version}", name]);
  const args = ["--compare-versions", installed, "ge", oldest];
  return (await new Deno.Command("dpkg", { args }).output()).success;
}

async function installFromBackports(name: string): Promise<void> {
  const sources = await Deno.makeTempFile({ prefix: "kago_", suffix: ".list" });
  try {
    const { suite, line } = await findBackports();
    const others = await readIfPresent("/etc/apt/sources.list"); // apt reads `sources` in its place
    await Deno.writeTextFile(sources, `${others ?? ""}\n${line}\n`);
    const apt = ["-q", "-o", `Dir::Etc::SourceList=${sources}`];
    await tool("apt-get", [...apt, "update"]);
    await tool("apt-get", [...apt, "install", "-y", "--no-install-recommends", "-t", suite, name]);
  } finally {
    await Deno.remove(sources);
  }
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The backports of this machine's release, from where its other packages come; no line when apt knows them already. */
async function findBackports(): Promise<{ suite: string; line: string }> {
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(await Deno.readTextFile("/etc/os-release"))?.[1];
  const format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
  const args = ["indextargets", "--format", format, "Created-By: Packages"];
  const targets = (await toolText("apt-get", args)).split("\n").map((line) => line.split(" "));
  const find = (wanted: string) =>
    targets.find(([suite, component]) => suite === wanted && component === "main")?.[2];
  const suite = `${release}-backports`, archive = find(`${release}`);
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
 * Runs `action`, which uses apt. When it fails it is run once more with new package lists: a fresh container image has
 * none, and those of an old one name files that the archive no longer has.
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
