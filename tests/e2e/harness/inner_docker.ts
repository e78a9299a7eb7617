/** Docker as an engine inside a guest (systemd_root.ts), with containerd as a service of its own. */
import type { InnerEngine } from "./systemd_root.ts";

/** In a guest of the emulated host, both start more slowly than systemd's default limit. */
const SERVICE = `[Service]
Type=notify
TimeoutStartSec=infinity
Delegate=yes
KillMode=process
Environment=PATH=/usr/sbin:/usr/bin HOME=/root
`;

const CONTAINERD = `${SERVICE}ExecStart=/usr/bin/containerd
`;

const DOCKER = `[Unit]
Requires=containerd.service
After=containerd.service
${SERVICE}ExecStart=/usr/sbin/dockerd --containerd /run/containerd/containerd.sock
`;

/** The plugin for Kubernetes is not needed, and takes long to start. */
const CONTAINERD_CONFIG = `version = 2
root = "/var/lib/docker/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
`;

/** Prepares the disk, and starts the engine on it. */
export const START_DOCKER = "busybox mke2fs /dev/vda >&2 && mkdir -p /var/lib/docker && " +
  "mount -t ext4 /dev/vda /var/lib/docker && systemctl start docker.service";

export const INNER_DOCKER: InnerEngine = {
  copied: [
    ...["containerd", "containerd-shim-runc-v2", "docker"].map((name) => `/usr/bin/${name}`),
    ...["docker-proxy", "dockerd", "ip6tables", "iptables", "runc"]
      .map((name) => `/usr/sbin/${name}`),
    `/usr/lib/${Deno.build.arch}-linux-gnu/xtables`, // what iptables loads
  ],
  written: {
    "/etc/containerd/config.toml": CONTAINERD_CONFIG,
    "/etc/systemd/system/containerd.service": CONTAINERD,
    "/etc/systemd/system/docker.service": DOCKER,
  },
  tmpfs: {},
  annotations: { "krun.ram_mib": "1024" },
  disk: 256,
};
