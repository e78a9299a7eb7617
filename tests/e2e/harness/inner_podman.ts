/** podman as an engine inside a guest (systemd_root.ts), for root and for an ordinary user. */
import type { InnerEngine } from "./systemd_root.ts";

export const PODMAN = "/usr/bin/podman --cgroup-manager=cgroupfs";

/** The command of a container in the guest, without its network, its root and its process. */
export const PODMAN_RUN = `${PODMAN} run --rm`;

/** An ordinary user's container, in a cgroup delegated to the user; its exit code is the service's. */
const ROOTLESS_SERVICE = `[Service]
Type=oneshot
User=1000
Delegate=yes
RuntimeDirectory=rootless
Environment=PATH=/usr/bin HOME=/home/user XDG_RUNTIME_DIR=/run/rootless
StandardOutput=file:/run/rootless.out
StandardError=file:/run/rootless.err
ExecStartPre=/usr/bin/busybox cp -a /srv/box /home/user/box
ExecStart=${PODMAN_RUN} --network=none --rootfs /home/user/box sh -c "id -u; cat /proc/self/uid_map; exit 9"
`;

const SUBORDINATE = "user:100000:65536\n";

export const INNER_PODMAN: InnerEngine = {
  copied: [
    ...["conmon", "crun", "newgidmap", "newuidmap", "podman"].map((name) => `/usr/bin/${name}`),
    ...["aardvark-dns", "netavark"].map((name) => `/usr/lib/podman/${name}`),
    ...["/usr/sbin/nft", "/etc/containers/policy.json"],
  ],
  written: {
    "/etc/resolv.conf": "nameserver 192.0.2.1\n", // aardvark-dns does not start without one
    "/etc/subuid": SUBORDINATE,
    "/etc/subgid": SUBORDINATE,
    "/etc/systemd/system/rootless.service": ROOTLESS_SERVICE,
  },
  tmpfs: {
    "/var/lib/containers": ["nosuid"],
    "/home/user": ["nosuid", "uid=1000", "gid=1000"],
  },
  annotations: { "krun.ram_mib": "768" },
};
