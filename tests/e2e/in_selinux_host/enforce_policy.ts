/** Makes the emulated host's kernel enforce policy.conf, for the tests of this directory. */
import { isThere } from "../../../runtime/common/files.ts";
import { runOk } from "../../harness/run.ts";

export const SELINUX = "/sys/fs/selinux";

/** Like init on a host with SELinux, before anything else; once per boot. */
export async function enforcePolicy(): Promise<void> {
  if (isThere(`${SELINUX}/enforce`)) return;
  const source = new URL("policy.conf", import.meta.url).pathname;
  await runOk("mount", ["-t", "selinuxfs", "selinuxfs", SELINUX]);
  // checkpolicy may support a newer version than the kernel.
  const version = await Deno.readTextFile(`${SELINUX}/policyvers`);
  await runOk("checkpolicy", ["-c", version, "-M", "-U", "allow", "-o", "/tmp/policy", source]);
  await Deno.writeFile(`${SELINUX}/load`, await Deno.readFile("/tmp/policy"));
  await Deno.writeTextFile(`${SELINUX}/enforce`, "1");
}
