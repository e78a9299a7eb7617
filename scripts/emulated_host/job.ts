/**
 * The folder of one run: sockets and console log outside, `guest/` as the guest sees it below `/run/emulated_host/job`.
 * Writes the shell text that the scripts in guest/ read.
 */
import { shellWord } from "../../runtime/common/shell_word.ts";
import { CACHE, REPOSITORY } from "./cache.ts";
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
    ROOT: image.root === undefined ? "machine" : "debian",
    DEBIAN_ROOT: await realPath(image.root ?? "/"),
    HOST: options.systemd ? "systemd" : "plain",
    TOKEN: token,
    TIMEOUT: String(timeout),
    LIBRARIES: image.krunLibraries,
    LIBRARY_DIRECTORY: image.machine.libraryDirectory,
    MODULES: `${image.kernel.modulesRoot}/lib/modules/${image.kernel.release}`,
  };
  const guest = `${directory}/guest`;
  await Deno.mkdir(guest);
  await Deno.writeTextFile(`${guest}/session.env`, lines(assignments(session)));
  await Deno.writeTextFile(`${guest}/command`, commandScript(command, options));
  await Deno.writeTextFile(`${guest}/folders`, lines(await neededFolders()));
  return { directory, token, timeout };
}

/** A shell script that executes the command, with its own environment. */
function commandScript(command: readonly string[], options: HostOptions): string {
  const environment = { ...inherited(), EMULATED_HOST_RESULTS: RESULTS, ...options.env };
  const words = ["env", "-i", ...assignments(environment), ...command.map(shellWord)];
  return `cd ${shellWord(options.cwd ?? REPOSITORY)} || exit 125\nexec ${words.join(" ")}\n`;
}

function inherited(): Record<string, string> {
  const environment: Record<string, string> = { DENO_NO_UPDATE_CHECK: "1" };
  for (const name of ["HOME", "LANG", "DENO_DIR", "NO_COLOR"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) environment[name] = value;
  }
  const path = Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin";
  return { ...environment, PATH: `${parent(Deno.execPath())}:${path}` };
}

/** The folders of this machine that the guest needs, none of them inside another. */
async function neededFolders(): Promise<string[]> {
  const denoDir = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
  const needed = [REPOSITORY, CACHE, parent(Deno.execPath()), denoDir];
  const real = [...new Set(await Promise.all(needed.map(realPath)))];
  return real.filter((path) => !real.some((other) => path.startsWith(`${other}/`)));
}

/** The real path of the folder; a missing one is created. */
async function realPath(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  return await Deno.realPath(path);
}

function assignments(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${shellWord(value)}`);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
