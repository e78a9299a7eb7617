#!/bin/busybox sh
# The service emulated-host.service: runs the job on a host that systemd has booted. The command gets its own scope, like a
# login; a session of root would require a login.
set -eu
trap 'echo "systemd_session.sh failed"; echo b > /proc/sysrq-trigger' EXIT
here=/run/emulated_host

CGROUP=/sys/fs/cgroup/system.slice/session.scope
if [ -d /sys/fs/cgroup/unified ]; then CGROUP=/sys/fs/cgroup/unified/system.slice/session.scope; fi
start_command() {
  exec setsid systemd-run --quiet --scope --unit=session /bin/sh "$here/job/command"
}
. "$here/job.sh"
