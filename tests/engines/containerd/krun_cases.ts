/**
 * Pods with the handler krun. Only the sandbox is made here, which is a plain process; the containers would be
 * microVMs, for which kubernetes_page_test.ts has a test double of libkrun.
 */
import { assertStringIncludes } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import type { Cri } from "./cri.ts";

export const MICROVM_PODS: CaseGroup<Cri> = {
  name: "pods of microVMs",
  tearDown: (c) => c.removePods(),
  cases: [
    {
      command: "crictl runp --runtime krun POD.json",
      only: "kago",
      check: async (c) => {
        const network = { namespace_options: { network: 2 /* NODE */ } };
        const pod = await c.podConfig("krun-pod", network);
        c.pod = (await c.ok("runp", "--runtime", "krun", pod)).trim();
        assertStringIncludes(await c.ok("inspectp", c.pod), `"runtimeHandler": "krun"`);
        const ready = await c.ok("pods", "--state", "ready", "--quiet", "--no-trunc");
        assertStringIncludes(ready, c.pod);
      },
    },
  ],
};
