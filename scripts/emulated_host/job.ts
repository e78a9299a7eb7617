/**
 * The folder of one run: sockets and console log outside, `guest/` as the guest sees it below
 * `/run/emulated_host/job`. It owns the shell text that guest/session.sh reads, not the boot.
 */
import { REPOSITORY } from "./cache.ts";
import type { HostOptions } from "./host_options.ts";
import type { HostImage } from "./prepare.ts";

export interface Job {
  readonly directory: string;
  /** Separates the command's output from the marks around it. */
  readonly token: string;
  /** Seconds. */
  readonly timeout: number;
}

/** Where guest/init.sh mounts the results. */
const RESULTS = "/run/emulated_host/results";

/** Writes the folder; the caller removes it. */
export async function writeJob(
  command: readonly string[],
  image: HostImage,
  options: HostOptions,
): Promise<Job> {
  const directory = await Deno.makeTempDir({ prefix: "emulated_host_" });
  const token = crypto.randomUUID();
  const timeout = options.timeout ?? 120;
  const session = {
    TOKEN: token,
    TIMEOUT: String(timeout),
    LIBRARIES: image.krunLibraries,
    LIBRARY_DIRECTORY: image.machine.libraryDirectory,
    MODULES: `${image.kernel.modulesRoot}/lib/modules/${image.kernel.release}`,
  };
  await Deno.mkdir(`${directory}/guest`);
  await Deno.writeTextFile(
    `${directory}/guest/session.env`,
    assignments(session).join("\n") + "\n",
  );
  await Deno.writeTextFile(`${directory}/guest/command`, commandScript(command, options));
  await Deno.writeTextFile(
    `${directory}/guest/keep`,
    keptFolders().map((path) => `${path}\n`).join(""),
  );
  return { directory, token, timeout };
}

/** A shell script that becomes the command, with an environment of its own. */
function commandScript(command: readonly string[], options: HostOptions): string {
  const environment = { ...inherited(), EMULATED_HOST_RESULTS: RESULTS, ...options.env };
  const words = ["env", "-i", ...assignments(environment), ...command.map(quote)];
  return `cd ${quote(options.cwd ?? REPOSITORY)} || exit 125\nexec ${words.join(" ")}\n`;
}

function inherited(): Record<string, string> {
  const names = ["HOME", "LANG", "DENO_DIR", "NO_COLOR"];
  const set = names.map((name) => [name, Deno.env.get(name)]).filter(([, value]) =>
    value !== undefined
  );
  const path = `${parent(Deno.execPath())}:${
    Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin"
  }`;
  return { ...Object.fromEntries(set), PATH: path, DENO_NO_UPDATE_CHECK: "1" };
}

/** Folders the guest needs although they lie below /tmp or /run, which it mounts anew. */
function keptFolders(): string[] {
  const caches = ["DENO_DIR", "HOME"].map((name) => Deno.env.get(name) ?? "");
  const needed = [REPOSITORY, parent(Deno.execPath()), ...caches];
  return [...new Set(needed)].filter((path) => /^\/(tmp|run)\//.test(path));
}

function assignments(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`);
}

/** One word of sh(1). */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
