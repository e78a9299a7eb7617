/**
 * Containers that look at others: with the host's pid namespace, or those of another container, and capabilities as
 * Docker gives them. Needs root.
 */
import type { BundleOptions, JsonObject } from "../../scripts/sample/bundle.ts";
import { compileC } from "../harness/c_program.ts";
import { Kago } from "../harness/kago.ts";

/** Docker's. */
export const DEFAULT_CAPABILITIES = [
  ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW"],
  ...["CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE"],
  ...["CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"],
];

const ALL_BUT_PID = ["network", "ipc", "uts", "mount", "cgroup"];

/** Sets of capabilities for a process. */
export function capabilities(names: readonly string[]): JsonObject {
  return { bounding: names, effective: names, permitted: names };
}

/** A container whose pid namespace is the host's. */
export function besideHost(args: readonly string[], program: string): BundleOptions {
  return {
    args,
    mounts: [bindProgram(program, args[0]!)],
    config: {
      process: { capabilities: capabilities(DEFAULT_CAPABILITIES) },
      linux: { namespaces: ALL_BUT_PID.map((type) => ({ type })) },
    },
  };
}

export function bindProgram(program: string, destination: string): JsonObject {
  return { destination, type: "bind", source: program, options: ["bind", "ro"] };
}

/** The program neighbour.c, removed with the object. */
export class Neighbour implements AsyncDisposable {
  private constructor(readonly program: string) {}

  static async compile(): Promise<Neighbour> {
    const program = await compileC(new URL("neighbour.c", import.meta.url));
    await Deno.chmod(program, 0o755);
    return new Neighbour(program);
  }

  /** The ways into the process that a container with the host's pid namespace finds. */
  async waysInto(pid: number): Promise<string> {
    let found = "";
    await Kago.with(besideHost(["/neighbour", `${pid}`], this.program), async (kago) => {
      const { code, stdout, stderr } = await kago.foreground();
      if (code !== 0) throw new Error(`the neighbour ended with ${code}: ${stdout}${stderr}`);
      found = stdout.trim();
    });
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.program);
  }
}

/** What neighbour.c says where there is no way. */
export const NO_WAY = "allowed:";
