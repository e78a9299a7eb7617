/**
 * The life of plain containers on pure cgroup v2, with all capabilities: runs the integration tests' own files. Runs
 * inside the emulated host.
 */
import "../../integration/exec_test.ts";
import "../../integration/lifecycle_test.ts";
import "../../integration/seccomp_notify_test.ts";
