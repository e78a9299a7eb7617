/** The kind of host of this machine. */
import { runOk } from "../harness/run.ts";
import type { Host } from "./engine_case.ts";

export async function nativeHost(): Promise<Host> {
  const type = await runOk("stat", ["-fc", "%T", "/sys/fs/cgroup"]);
  return type.trim() === "cgroup2fs" ? "v2" : "v1";
}
