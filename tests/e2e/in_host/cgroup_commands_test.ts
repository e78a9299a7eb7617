/** pause, resume, events and kill on pure cgroup v2: runs the integration tests' own files. */
import "../../integration/cgroup_freezer_test.ts";
import "../../integration/cgroup_kill_test.ts";
import "../../integration/events_test.ts";
import "../../integration/pause_test.ts";
