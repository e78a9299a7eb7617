/** What is installed on this machine, a Debian or a relative, and what its package archive offers. */
import { HostError } from "../../runtime/errors.ts";
import { tool } from "./command.ts";

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
