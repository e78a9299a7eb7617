/**
 * A newly installed machine: the root of a minimal Debian, an overlay of it for each use, and a copy of this repository
 * in it. Of this machine it sees only the kernel and the way to the package registries.
 */
import { cachedDirectory, REPOSITORY } from "../../../scripts/emulated_host/cache.ts";
import { feed, tool, toolText } from "../../../scripts/emulated_host/command.ts";
import {
  installPackages,
  withPackageLists,
} from "../../../scripts/emulated_host/debian_packages.ts";
import { aptSettings, mirrorLines } from "../../../scripts/emulated_host/apt_sources.ts";
import { enterOverlay, KERNEL_FILESYSTEMS } from "../../../scripts/emulated_host/overlay_root.ts";

/** Where the repository is in a fresh root. */
export const CLONE = "/root/kago";

/** Files of this machine that configure access to the network, and whom to trust there. */
const NETWORK_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"];

/** Variables with the same purpose, by the ends of their names. */
const NETWORK_VARIABLES = /(_proxy|_ca_certs|_cert_file)$/i;

/** The directory with the root of a minimal Debian of `release`; the first call makes it, which takes 15 s. */
async function minimalRoot(release: string): Promise<string> {
  const inputs = [release, "minbase", "ca-certificates"];
  const path = await cachedDirectory(`fresh_root/${release}`, inputs, async (directory) => {
    await installPackages(["mmdebstrap"]);
    const sources = await withPackageLists(() => mirrorLines(release));
    await Deno.writeTextFile(`${directory}/sources.list`, sources);
    await Deno.writeTextFile(`${directory}/apt.conf`, await aptSettings(release));
    await tool("mmdebstrap", [
      ...["--mode=root", "--variant=minbase", "--include=ca-certificates"],
      ...["--dpkgopt=force-unsafe-io", `--aptopt=${directory}/apt.conf`],
      ...[release, `${directory}/root`, `${directory}/sources.list`],
    ]);
  });
  return `${path}/root`;
}

/** Enters an overlay of the root `$2`, whose parts are in `$1`, and leaves no mount outside. */
const ENTER = `
  set -e
  parts=$1 root=$2
  shift 2
  ${enterOverlay("8g")}
  mkdir -p ./${CLONE}
  tar -x --file - --directory ./${CLONE}
  for file in ${NETWORK_FILES.join(" ")}; do [ ! -e "$file" ] || cp "$file" "./$file"; done
  ${KERNEL_FILESYSTEMS}
  exec chroot . "$@"
`;

export interface FreshRun {
  readonly code: number;
  /** Both streams, as a terminal would show them. */
  readonly output: string;
}

/**
 * Runs a shell command in the repository's copy, in a fresh root of a Debian release, as root and without a terminal.
 * @param variables environment variables besides PATH, HOME and those for network access.
 */
export async function runInFreshRoot(
  release: string,
  command: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<FreshRun> {
  const root = await minimalRoot(release);
  const parts = await Deno.makeTempDir({ prefix: "fresh_root_" });
  try {
    const inside = ["sh", "-c", `cd ${CLONE} && exec 2>&1 && ${command}`];
    const child = new Deno.Command("unshare", {
      args: [
        ...["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"],
        ...["sh", "-c", ENTER, "sh", parts, root, ...inside],
      ],
      clearEnv: true,
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
        ...networkVariables(),
        ...variables,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const [output] = await Promise.all([child.output(), feed(child.stdin, await sources())]);
    return { code: output.code, output: new TextDecoder().decode(output.stdout) };
  } finally {
    await Deno.remove(parts);
  }
}

function networkVariables(): Record<string, string> {
  const all = Object.entries(Deno.env.toObject());
  return Object.fromEntries(all.filter(([name]) => NETWORK_VARIABLES.test(name)));
}

/** A tar archive of the files that a clone of this tree would have in its present state. */
async function sources(): Promise<Uint8Array<ArrayBuffer>> {
  const files = await tool(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: REPOSITORY,
    },
  );
  const args = ["-c", "--null", "--files-from=-", "--ignore-failed-read"];
  return await tool("tar", args, { cwd: REPOSITORY, stdin: files });
}

/** The npm registry that this machine uses, which is passed to a fresh root; undefined if there is no npm. */
export async function npmRegistry(): Promise<string | undefined> {
  const configured = Deno.env.get("npm_config_registry");
  if (configured) return configured;
  try {
    return await toolText("npm", ["config", "get", "registry"]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
