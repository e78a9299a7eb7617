/** CRI-O on pure cgroup v2, with the real libkrun for microVMs. Runs inside an emulated host, with systemd or without. */
import { isThere } from "../../../runtime/common/files.ts";
import { crioSuite } from "../../engines/crio/suite.ts";
import { runSuite } from "../../engines/suite.ts";

/** sd_booted(3) */
const hasSystemd = isThere("/run/systemd/system");

runSuite(crioSuite(hasSystemd ? "systemd" : "v2"));
