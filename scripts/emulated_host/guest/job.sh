# Sourced by HOST_session.sh, which sets `here`, CGROUP (the command's cgroup) and start_command, which executes the
# command. Completes the host's files, runs the job's command, and reports its end. It then waits: the runner ends QEMU, so
# nothing that the command leaves behind can delay the end.
. "$here/job/session.env" # TOKEN TIMEOUT LIBRARIES LIBRARY_DIRECTORY MODULES

chmod 666 /dev/fuse /dev/net/tun
chmod 660 /dev/kvm
if grep -q '^kvm:' /etc/group; then chgrp kvm /dev/kvm; fi
mkdir -p /lib/modules
ln -sfn "$MODULES" "/lib/modules/$(uname -r)"
# Copies, because an ordinary user cannot read files in root's home, where the repository may be.
for library in "$LIBRARIES"/*; do cp -Lf "$library" "$LIBRARY_DIRECTORY"; done

# The command writes to pipes, as on any host; the ports cannot be opened twice.
mkfifo "$here/stdout" "$here/stderr"
for port in /sys/class/virtio-ports/*; do
  read -r name < "$port/name"
  cat "$here/$name" > "/dev/${port##*/}" &
done
exec 8> "$here/stdout" 9> "$here/stderr"

printf '%s begin\n' "$TOKEN" >&8
(start_command) < /dev/null >&8 2>&9 8>&- 9>&- &
command=$!
(
  set +e
  sleep "$TIMEOUT"
  : > "$here/timed_out"
  printf 'emulated host: the command still runs after %s s; processes:\n' "$TIMEOUT" >&9
  ps -o pid,ppid,stat,args | awk '$2 != 2' >&9 # without kernel threads
  echo 1 > "$CGROUP/cgroup.kill"
) &

while sleep 15; do printf '%s alive\n' "$TOKEN" >&9; done &

code=0
wait "$command" || code=$?
if [ -e "$here/timed_out" ]; then code=124; fi # as timeout(1)
printf '%s end %d\n' "$TOKEN" "$code" >&8
printf '%s end\n' "$TOKEN" >&9
sleep 30 # a runner that lives ends QEMU at once
echo b > /proc/sysrq-trigger
