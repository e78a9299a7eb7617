/** How a release's engines invoke a runtime on pure cgroup v2. Runs inside the emulated host. */
import { testCalls } from "../../engines/calls.ts";

testCalls("v2");
