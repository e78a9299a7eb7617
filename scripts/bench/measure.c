/*
 * measure OUTPUT PROGRAM [ARGUMENT]...: runs one program with stdin from /dev/null and stdout and stderr in the file
 * OUTPUT, and prints its wall time, its peak memory and its exit code as JSON. Owns nothing but that: what is run,
 * how often and in which order is measure.ts's caller's.
 *
 * In C and static, because the kernel carries the peak memory of a process over its exec (setmax_mm_hiwater_rss in
 * fs/exec.c): a child of Deno would be reported with Deno's memory, a child of this with some hundred KiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void redirect(const char *path, int flags, int target)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, target) < 0)
		_exit(126);
}

static long long nanoseconds(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		fail("clock_gettime");
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: measure OUTPUT PROGRAM [ARGUMENT]...\n");
		return 125;
	}
	long long start = nanoseconds();
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		redirect("/dev/null", O_RDONLY, 0);
		redirect(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 1);
		if (dup2(1, 2) < 0)
			_exit(126);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	/* Waits for this one process: what it leaves running, a container, is no part of it. */
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			fail("wait4");
	long long end = nanoseconds();

	printf("{\"nanoseconds\":%lld,\"peakKiB\":%ld,\"exitCode\":%d}\n", end - start, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
