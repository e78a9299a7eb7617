/**
 * CRI-O with folders of the test's own. Owns its configuration; the part about kago is what install.sh prints, in a file
 * of its own, as in docs/kubernetes.md.
 */
import { KAGO } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { makeNetwork } from "../containerd/cni.ts";
import { IMAGE, makeImageTar } from "../containerd/containerd.ts";
import { prepareCrictl } from "../crictl/crictl.ts";
import { Daemon } from "../daemon.ts";
import type { Host } from "../engine_case.ts";
import { prepareCrio } from "./programs.ts";

const INSTALL = new URL("../../../scripts/install.sh", import.meta.url).pathname;

export const socketOf = (folder: string) => `${folder}/crio.sock`;

/** Makes the node's files in `folder`: a store with the image that pods and their containers are of, and the configuration. */
export async function makeNode(folder: string, host: Host): Promise<void> {
  await Deno.chmod(folder, 0o711); // as /run: root of a pod's user namespace must be able to traverse it
  await importImage(folder);
  await makeNetwork(`${folder}/cni`);
  await Deno.mkdir(`${folder}/conf.d`);
  await Deno.writeTextFile(`${folder}/conf.d/10-node.conf`, await nodeConfig(folder, host));
  await Deno.writeTextFile(`${folder}/conf.d/50-kago.conf`, await installedConfig(folder));
}

/** CRI-O with the files of makeNode(). */
export async function startCrio(folder: string): Promise<Daemon> {
  const { crio } = await prepareCrio();
  const config = ["--config", "", "--config-dir", `${folder}/conf.d`];
  const probe = [await prepareCrictl(), "--runtime-endpoint", `unix://${socketOf(folder)}`, "info"];
  return await Daemon.start([crio, ...config], `${folder}/crio.log`, probe);
}

/** What a node has of its own (crio.conf(5)): nothing of it is kago's. CRI-O's default runtime is crun. */
async function nodeConfig(folder: string, host: Host): Promise<string> {
  const { pinns } = await prepareCrio();
  const [manager, monitors] = host === "systemd"
    ? ["systemd", "system.slice"]
    : ["cgroupfs", "pod"];
  return `[crio]
root = "${folder}/storage"
runroot = "${folder}/storage-run"
storage_driver = "overlay"
log_dir = "${folder}/logs"
version_file = "${folder}/version"
clean_shutdown_file = "${folder}/clean.shutdown"
[crio.api]
listen = "${socketOf(folder)}"
[crio.runtime]
cgroup_manager = "${manager}"
conmon_cgroup = "${monitors}"
pinns_path = "${pinns}"
container_exits_dir = "${folder}/exits"
container_attach_socket_dir = "${folder}/attach"
namespaces_dir = "${folder}/namespaces"
[crio.image]
pause_image = "${IMAGE}"
pause_command = "" # the image's
[crio.network]
network_dir = "${folder}/cni"
plugin_dirs = ["${folder}/cni"]
[crio.nri]
enable_nri = false
`;
}

/** The output of install.sh with kago and krun in `folder`/bin, as an installation makes them. */
async function installedConfig(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/bin`);
  await Deno.symlink(KAGO, `${folder}/bin/kago`);
  await Deno.symlink("kago", `${folder}/bin/krun`);
  return await runOk(INSTALL, ["--prefix", folder, "--crio-config"]);
}

/** The image's command, which ends at the stop signal as that of a pause image does. */
const PAUSE = ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"];

/** By podman, whose store has the same form. */
async function importImage(folder: string): Promise<void> {
  const store = ["--root", `${folder}/storage`, "--runroot", `${folder}/storage-run`];
  const changes = ["--change", "ENV PATH=/bin", "--change", `CMD ${JSON.stringify(PAUSE)}`];
  await runOk("podman", [
    ...[...store, "--tmpdir", `${folder}/podman`, "--storage-driver", "overlay"],
    ...["import", ...changes, await makeImageTar(folder), IMAGE],
  ]);
}
