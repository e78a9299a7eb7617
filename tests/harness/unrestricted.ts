/** A config.json without anything that kago's guest agent would have to enforce, for microVMs without the agent. */
import { CAPABILITIES } from "../../runtime/spec/capabilities.ts";
import type { JsonObject } from "../../scripts/sample/bundle.ts";

/** All capabilities of this host's root: a machine may withhold some. */
const OWN = BigInt(
  `0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]}`,
);
const ALL = Object.entries(CAPABILITIES).filter(([, bit]) => OWN >> BigInt(bit) & 1n)
  .map(([name]) => name);

/** To be merged into the default bundle's config.json. */
export const UNRESTRICTED = {
  process: {
    capabilities: { bounding: ALL, effective: ALL, permitted: ALL },
    rlimits: [],
    noNewPrivileges: false,
  },
  mounts: [
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev"] },
  ],
  linux: { maskedPaths: [], readonlyPaths: [] },
} satisfies JsonObject;
