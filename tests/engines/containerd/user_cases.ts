/**
 * Pods with user namespaces, which a kubelet requests for `hostUsers: false`. The runtime must report idmapped mounts
 * in `features`; containerd gives each container the user namespace of the pod's sandbox.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import { LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { POD_ADDRESS } from "./cni.ts";
import type { Cri } from "./cri.ts";

const MAPPING = [{ container_id: 0, host_id: 1_000_000, length: 65_536 }];

const SECURITY = {
  namespace_options: { userns_options: { mode: 0, /* POD */ uids: MAPPING, gids: MAPPING } },
};

export const USER_NAMESPACES: CaseGroup<Cri> = {
  name: "pods with user namespaces",
  tearDown: (c) => c.removePods(),
  cases: [
    {
      command: "crictl info (runtimeHandlers)",
      only: "kago",
      check: async (c) => {
        const { runtimeHandlers } = JSON.parse(await c.ok("info")) as {
          runtimeHandlers: { name?: string; features: unknown }[];
        };
        const features = { recursive_read_only_mounts: true, user_namespaces: true };
        for (const name of ["kago", "krun"]) {
          assertEquals(runtimeHandlers.find((one) => one.name === name), { name, features });
        }
      },
    },
    {
      command: "crictl runp POD.json (userns_options); crictl create; crictl start; crictl logs",
      check: async (c) => {
        const pod = await c.podConfig("users-pod", SECURITY);
        c.pod = (await c.ok("runp", "--runtime", c.runtime, pod)).trim();
        const volume = `${c.folder}/volume-${c.runtime}`;
        await Deno.mkdir(volume, { mode: 0o700 }); // only for the host's root, as a kubelet's folders
        const words = ["sh", "-c", `cat /proc/self/uid_map; ${LASTING_SCRIPT}`];
        const config = await c.containerConfig("users", words, {
          linux: { security_context: SECURITY },
          mounts: [{
            host_path: volume,
            container_path: "/volume",
            uidMappings: MAPPING,
            gidMappings: MAPPING,
          }],
        });
        c.container = (await c.ok("create", c.pod, config, pod)).trim();
        await c.ok("start", c.container);
        await untilSays(() => c.ok("logs", c.container), /^ +0 +1000000 +65536\nup\n$/);
      },
    },
    {
      command: "crictl exec CONTAINER (userns_options): a volume's files keep their owners",
      check: async (c) => {
        const script = "touch /volume/new; stat -c %u:%g /volume/new /bin/sh; ip -o address";
        const output = await c.ok("exec", c.container, "sh", "-c", script);
        assertStringIncludes(output, "0:0\n0:0\n");
        assertStringIncludes(output, POD_ADDRESS);
        const { uid, gid } = await Deno.stat(`${c.folder}/volume-${c.runtime}/new`);
        assertEquals([uid, gid], [0, 0]);
      },
    },
  ],
};
