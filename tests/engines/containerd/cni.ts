/**
 * A pod's own network, made by a program that containerd calls (github.com/containernetworking/cni, SPEC.md): a veth
 * pair, which is removed with the pod's network namespace.
 */

/** The address of a pod's interface. */
export const POD_ADDRESS = "10.99.0.2";

const PLUGIN = `#!/bin/sh
set -eu
inside() { nsenter --net="$CNI_NETNS" ip "$@"; }
case $CNI_COMMAND in
  ADD)
    inside link add "$CNI_IFNAME" type veth peer name peer
    inside address add ${POD_ADDRESS}/24 dev "$CNI_IFNAME"
    inside link set peer up
    inside link set "$CNI_IFNAME" up
    cat <<END
{
  "cniVersion": "1.0.0",
  "interfaces": [{ "name": "$CNI_IFNAME", "sandbox": "$CNI_NETNS" }],
  "ips": [{ "address": "${POD_ADDRESS}/24", "interface": 0 }]
}
END
    ;;
  VERSION) echo '{ "cniVersion": "1.0.0", "supportedVersions": ["1.0.0"] }' ;;
esac
`;

/** Writes the program and the network's configuration into a new folder. */
export async function makeNetwork(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/pair`, PLUGIN, { mode: 0o755 });
  const network = { cniVersion: "1.0.0", name: "tests", plugins: [{ type: "pair" }] };
  await Deno.writeTextFile(`${folder}/tests.conflist`, JSON.stringify(network));
}
