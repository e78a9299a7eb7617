/** docker on pure cgroup v2, with the real libkrun for microVMs. Runs inside the emulated host. */
import { dockerMicrovmSuite, dockerSuite } from "../../engines/docker/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...dockerSuite("v2"), emulated: true });
runSuite({ ...dockerMicrovmSuite("v2"), emulated: true });
