/** Every case of podman's table, in its order. */
import { BUILD } from "./build_cases.ts";
import { LASTING, PODS } from "./lifecycle_cases.ts";
import { NETWORKS } from "./network_cases.ts";
import { CONFINEMENT, LIMITS, RUN } from "./run_cases.ts";
import { VOLUMES } from "./volume_cases.ts";

export const PODMAN_CASES = [RUN, CONFINEMENT, LIMITS, VOLUMES, NETWORKS, LASTING, PODS, BUILD];
