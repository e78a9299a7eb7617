/**
 * A node for the commands of docs/kubernetes.md: mount and pid namespaces in which writes to the machine's folders are
 * not kept, and a systemctl that supports only `restart containerd`.
 */
import { prepareCrictl } from "../crictl/crictl.ts";
import { ROOT } from "../../../scripts/build/paths.ts";
import { runOk } from "../../harness/run.ts";
import { makeNetwork } from "./cni.ts";
import { IMAGE, makeImageTar } from "./containerd.ts";
import { removeCgroup } from "./cri.ts";
import { makeOciImage } from "./image.ts";

/** The cgroup in which containerd puts pods that name none. */
const CGROUP = "k8s.io";

/** Starts the node's containerd, and waits until it serves and has the page's image. */
const SYSTEMCTL = `#!/bin/sh
set -eu
test "$*" = "restart containerd"
containerd >"$NODE/containerd.log" 2>&1 &
for i in $(seq 300); do
  if ctr version >/dev/null 2>&1; then
    ctr --namespace k8s.io images import "$NODE/image.tar"
    exit
  fi
  sleep 0.2
done
cat "$NODE/containerd.log" >&2
exit 1
`;

/** What a node has of its own, for containerd 2: nothing of it is kago's. */
const OWN_CONFIG = `version = 3
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true # root may lack the right to lower it
[plugins."io.containerd.cri.v1.runtime".cni]
  use_internal_loopback = true
`;

/** Overlays keep the machine's folders unchanged. containerd's store cannot be on one; its configuration is private. */
const ENTER = `set -eu
layer() { mkdir -p "$NODE/work/$1"; mount -t overlay overlay -o "lowerdir=/$1,upperdir=$NODE/$1,workdir=$NODE/work/$1" "/$1"; }
for folder in etc usr/local var opt; do layer "$folder"; done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /var/lib/containerd
mount --bind "$NODE/store" /var/lib/containerd
for folder in etc/containerd etc/cni/net.d; do mount --bind "$NODE/$folder" "/$folder"; done
cd "$NODE/repository"
set -x
`;

export class KubernetesNode {
  private constructor(private readonly folder: string, private readonly programs: string) {}

  /** @param programs the folder of another containerd; empty for the machine's. */
  static async with(programs: string, use: (node: KubernetesNode) => Promise<void>): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "containerd_" });
    const node = new KubernetesNode(folder, programs);
    try {
      await node.make();
      await use(node);
    } finally {
      await removeCgroup(CGROUP);
      await Deno.remove(folder, { recursive: true });
    }
  }

  private async make(): Promise<void> {
    const { folder } = this;
    await Deno.chmod(folder, 0o711);
    const folders = ["bin", "store", "repository", "etc/containerd/conf.d", "etc/cni", "opt/cni"];
    for (const name of [...folders, "usr/local", "var"]) {
      await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    }
    await makeNetwork(`${folder}/etc/cni/net.d`);
    await Deno.symlink("/etc/cni/net.d", `${folder}/opt/cni/bin`);
    await Deno.writeTextFile(`${folder}/etc/containerd/conf.d/10-node.toml`, OWN_CONFIG);
    await Deno.writeTextFile(`${folder}/bin/systemctl`, SYSTEMCTL, { mode: 0o755 });
    await Deno.symlink(await prepareCrictl(), `${folder}/bin/crictl`);
    for (const name of ["scripts", "dist"]) {
      await Deno.symlink(`${ROOT}/${name}`, `${folder}/repository/${name}`);
    }
    await makeOciImage(folder, await makeImageTar(folder), IMAGE);
  }

  /** Runs the commands in a shell; returns their output. @throws {Error} when one of them fails. */
  run(commands: readonly string[]): Promise<string> {
    const script = ENTER + commands.join("\n");
    const namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"];
    const path = [`${this.folder}/bin`, this.programs, Deno.env.get("PATH")].filter(Boolean);
    return runOk("unshare", [...namespaces, "--mount-proc", "sh", "-c", script], {
      env: { NODE: this.folder, PATH: path.join(":") },
      timeout: 300,
    });
  }

  /** Writes a file on the node; a path without a folder is in the commands' working folder. */
  async write(path: string, text: string): Promise<void> {
    const file = this.pathOf(path);
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
  }

  read(path: string): Promise<string> {
    return Deno.readTextFile(this.pathOf(path));
  }

  private pathOf(path: string): string {
    return path.startsWith("/") ? `${this.folder}${path}` : `${this.folder}/repository/${path}`;
  }
}
