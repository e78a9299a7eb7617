/**
 * The Go command that builds the validation suite: the machine's own if it is new enough, otherwise a newer one as a
 * module of the Go proxy, which Debian 12's Go 1.19 can download. What is built is not decided here.
 */
import { HostError } from "../../runtime/common/errors.ts";
import { cachedDirectory } from "../../scripts/emulated_host/cache.ts";
import { tool, toolText } from "../../scripts/emulated_host/command.ts";

/** The suite imports `slices`, which was added in Go 1.21. */
const OLDEST = { major: 1, minor: 21 } as const;

const TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.24.11";

/** Go's name of this architecture, as in the names of toolchains. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/**
 * Path of a `go` that can build the suite. On a machine with only old ones, the first call downloads about 80 MB.
 * @throws {HostError} when there is no `go` at all.
 */
export async function findGo(): Promise<string> {
  const old: string[] = [];
  for (const candidate of ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"]) {
    const version = await goVersion(candidate);
    if (version && isNewEnough(version)) return candidate;
    if (version) old.push(candidate);
  }
  if (old[0]) return await downloadGo(old[0]);
  throw new HostError("the validation suite needs Go", "scripts/setup.sh --test installs it");
}

/** Whether `version`, such as `go1.26.8`, can build the suite; a development version can. */
export function isNewEnough(version: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return true;
  if (Number(major) !== OLDEST.major) return Number(major) > OLDEST.major;
  return Number(minor) >= OLDEST.minor;
}

async function goVersion(go: string): Promise<string | undefined> {
  try {
    return await toolText(go, ["env", "GOVERSION"]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function downloadGo(oldGo: string): Promise<string> {
  const architecture = ARCHITECTURES[Deno.build.arch];
  const name = `${TOOLCHAIN}.${Deno.build.os}-${architecture}`;
  const goroot = await cachedDirectory("conformance_go", name, async (directory) => {
    // Outside any module, because an old Go could not read some go.mod.
    const cwd = { cwd: directory };
    const answer = await toolText(oldGo, ["mod", "download", "-json", name], cwd);
    const { Dir } = JSON.parse(answer) as { Dir: string };
    await tool("cp", ["-R", "--no-preserve=mode", `${Dir}/.`, directory]);
    // Modules do not store file modes.
    await tool("chmod", ["-R", "a+x", `${directory}/bin`, `${directory}/pkg/tool`]);
  });
  return `${goroot}/bin/go`;
}
