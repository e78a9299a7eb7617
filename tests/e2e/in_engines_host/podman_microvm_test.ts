/** podman's microVMs on pure cgroup v2, with the real libkrun. Runs inside the emulated host. */
import { microvmSuite } from "../../engines/podman/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...microvmSuite("v2"), emulated: true });
