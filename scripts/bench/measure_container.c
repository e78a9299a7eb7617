/* How measure handles a container's first process, which is not a process of the commands. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

enum { PATIENCE_MS = 60000 };

pid_t read_pid(const char *path)
{
	FILE *file = fopen(path, "re");
	int pid;

	if (!file || fscanf(file, "%d", &pid) != 1)
		fail(path);
	fclose(file);
	return pid;
}

/* The exit status of a container is not measured; its processor time is, if this process is its parent. */
void wait_for_container(struct results *results, pid_t pid)
{
	struct rusage usage;
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0 && errno == ESRCH)
		return;
	if (pidfd < 0)
		fail("pidfd_open");
	if (poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, PATIENCE_MS) != 1) {
		errno = ETIMEDOUT;
		fail("a container's end");
	}
	close(pidfd);
	if (wait4(pid, NULL, 0, &usage) == pid)
		note_usage(results, &usage);
	else if (errno != ECHILD)
		fail("wait4");
}

void add_processor_time(struct results *results, pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	errno = clock_getcpuclockid(pid, &clock);
	if (errno || clock_gettime(clock, &time) < 0)
		fail("clock_getcpuclockid");
	results->cpu += time.tv_sec * 1000000000LL + time.tv_nsec;
}
