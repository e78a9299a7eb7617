/** The libraries that a library needs, recursively, except glibc's, found as by the dynamic linker. */
import { HostError } from "../../runtime/common/errors.ts";
import { runCommand } from "../build/command.ts";
import { exists } from "../build/output_file.ts";

/** The libraries of every glibc, which must be the host's. */
const GLIBC =
  /^(ld-linux-x86-64|libc|libm|libdl|librt|libpthread|libresolv|libutil|libanl)\.so\.\d+$/;

export interface Needed {
  /** The name by which it is requested. */
  readonly soName: string;
  /** Its path, without links. */
  readonly file: string;
}

/** Each comes after those that it needs itself; `given` is searched before the linker's own folders. */
export async function neededLibraries(library: string, given: string): Promise<Needed[]> {
  const known = await linkerCache();
  const found: Needed[] = [];
  const visit = async (file: string) => {
    for (const soName of await soNames(file)) {
      if (found.some((one) => one.soName === soName)) continue;
      const path = await exists(`${given}/${soName}`) ? `${given}/${soName}` : known.get(soName);
      if (!path) {
        throw new HostError(`${file} needs ${soName}`, `install it, or put it into ${given}`);
      }
      const real = await Deno.realPath(path);
      await visit(real);
      found.push({ soName, file: real });
    }
  };
  await visit(library);
  return found;
}

/** The needed libraries of a file, without glibc's. */
export async function soNames(file: string): Promise<string[]> {
  const headers = await runCommand("objdump", ["-p", file]);
  return [...headers.matchAll(/^ +NEEDED +(\S+)$/gm)].map(([, name]) => name!)
    .filter((name) => !GLIBC.test(name));
}

/** From ldconfig(8): `	libc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6`. */
async function linkerCache(): Promise<ReadonlyMap<string, string>> {
  const lines = await runCommand("/sbin/ldconfig", ["-p"]);
  const entries = lines.matchAll(/^\s+(\S+) \(libc6,x86-64[^)]*\) => (\S+)$/gm);
  return new Map(
    [...entries].map(([, name, path]) => [name!, path!]).reverse() as [string, string][],
  );
}
