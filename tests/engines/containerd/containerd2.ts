/**
 * containerd 2 with folders of the test's own. Owns its configuration; the part about kago is what install.sh prints,
 * in a file of its own, as in docs/kubernetes.md.
 */
import { prepareContainerd2 } from "../containerd2/containerd.ts";
import { KAGO } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { Daemon } from "../daemon.ts";
import { type Host, RUNTIME_PATHS } from "../engine_case.ts";
import { makeNetwork } from "./cni.ts";
import { IMAGE } from "./containerd.ts";

const INSTALL = new URL("../../../scripts/install.sh", import.meta.url).pathname;

/** A containerd in `folder`; it uses only the programs of the machine. */
export async function startContainerd2(folder: string, host: Host): Promise<Daemon> {
  const programs = await prepareContainerd2();
  const socket = `${folder}/containerd.sock`;
  const runtime = `[plugins."io.containerd.cri.v1.runtime"`;
  await Deno.writeTextFile(
    `${folder}/containerd.toml`,
    `version = 3
root = "${folder}/containerd"
state = "${folder}/containerd-state"
imports = ["conf.d/*.toml"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.nri.v1.nri"]
  disable = true # its socket would lie in /run
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${IMAGE}"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
${runtime}]
  restrict_oom_score_adj = true # root may lack the right to lower it
  netns_mounts_under_state_dir = true
${runtime}.cni]
  bin_dirs = ["${folder}/cni"]
  conf_dir = "${folder}/cni"
  use_internal_loopback = true
${runtime}.containerd]
  default_runtime_name = "kago"
${runtime}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
${runtime}.containerd.runtimes.runc.options]
  BinaryName = "${RUNTIME_PATHS.runc}"
  SystemdCgroup = ${host === "systemd"}
`,
  );
  await Deno.chmod(folder, 0o711); // as /run: root of a pod's user namespace must be able to traverse it
  await Deno.mkdir(`${folder}/conf.d`);
  await Deno.writeTextFile(`${folder}/conf.d/50-kago.toml`, await installedConfig(folder));
  await makeNetwork(`${folder}/cni`);
  // It searches its shim on the PATH before its own folder.
  const path = `PATH=${programs}:${Deno.env.get("PATH")}`;
  const config = ["--config", `${folder}/containerd.toml`, "--log-level", "warn"];
  const command = ["env", path, `${programs}/containerd`, ...config];
  return await Daemon.start(command, `${folder}/containerd.log`, ["ctr", "-a", socket, "version"]);
}

/** The output of install.sh with kago and krun in `folder`/bin, as an installation makes them. */
async function installedConfig(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/bin`);
  await Deno.symlink(KAGO, `${folder}/bin/kago`);
  await Deno.symlink("kago", `${folder}/bin/krun`);
  return await runOk(INSTALL, ["--prefix", folder, "--containerd-config", "3"]);
}
