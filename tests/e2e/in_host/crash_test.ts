/** Many containers at once, and kago killed at any moment, on pure cgroup v2: the integration tests' own file once more. */
import "../../integration/crash_test.ts";
