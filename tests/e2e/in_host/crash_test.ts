/** Many containers at once, and kago killed at any moment, on pure cgroup v2: runs the integration tests' own file. */
import "../../integration/crash_test.ts";
