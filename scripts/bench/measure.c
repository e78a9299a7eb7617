/*
 * measure [--repeat N | --parallel N | --memory] OUTPUT COMMAND [; COMMAND]...: runs programs with stdin from /dev/null
 * and stdout and stderr in the file OUTPUT, and prints as JSON their wall time, their processor time including the
 * children that they waited for, the peak memory and the first exit code other than 0, after which nothing more is run.
 * With --repeat all of it runs N times one after another, with --parallel N times at once: the times are then those of
 * all together, the peak is the largest, and "{}" in an argument is the number of the copy. With --memory it also
 * prints the memory of a single program at its end. A command is a program with its arguments, or
 *
 *   wait PIDFILE   waits for a container's first process, whose parent this is, as conmon is and containerd's shim
 *   cpu PIDFILE    adds the processor time that this process has had so far
 *
 * The caller of measure.ts decides what is run, how often and in which order.
 *
 * In C and static, because the kernel carries the peak memory of a process over its exec (setmax_mm_hiwater_rss in
 * fs/exec.c): a child of Deno would be reported with Deno's memory, a child of this with some hundred KiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

enum { MANY_ARGUMENTS = 64, MANY_COPIES = 1000, MANY_COMMANDS = 16 };

/* The words of each command, terminated by NULL. */
struct task {
	const char *output;
	char **commands[MANY_COMMANDS];
	int count;
};

void fail(const char *what)
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

/* The argument with its first "{}" replaced by the number. */
static char *numbered(char *argument, int copy)
{
	char *place = strstr(argument, "{}"), *text;

	if (!place)
		return argument;
	if (asprintf(&text, "%.*s%d%s", (int)(place - argument), argument, copy, place + 2) < 0)
		_exit(126);
	return text;
}

static pid_t start(const char *output, char **words, int copy, int ready)
{
	char *arguments[MANY_ARGUMENTS + 1] = {NULL};
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid > 0)
		return pid;
	redirect("/dev/null", O_RDONLY, 0);
	redirect(output, O_WRONLY | O_CREAT | O_APPEND, 1);
	if (dup2(1, 2) < 0)
		_exit(126);
	for (int i = 0; words[i] && i < MANY_ARGUMENTS; i++)
		arguments[i] = numbered(words[i], copy);
	/* Under --memory: waits until it is traced. */
	if (ready >= 0 && read(ready, &(char){0}, 1) != 1)
		_exit(126);
	execv(arguments[0], arguments);
	_exit(127);
}

void note_usage(struct results *results, const struct rusage *usage)
{
	if (usage->ru_maxrss > results->peak)
		results->peak = usage->ru_maxrss;
	results->cpu += (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000LL +
			(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000LL;
}

static void note(struct results *results, int status, const struct rusage *usage)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (!results->exit_code)
		results->exit_code = code;
	note_usage(results, usage);
}

/* Waits for a command, but not for the containers that it leaves running. */
static void wait_for(struct results *results, pid_t pid)
{
	struct rusage usage;
	int status;

	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			fail("wait4");
	note(results, status, &usage);
}

static void run_copy(const struct task *task, struct results *results, int copy)
{
	for (int i = 0; i < task->count && !results->exit_code; i++) {
		char **words = task->commands[i];

		if (!strcmp(words[0], "wait"))
			wait_for_container(results, read_pid(numbered(words[1], copy)));
		else if (!strcmp(words[0], "cpu"))
			add_processor_time(results, read_pid(numbered(words[1], copy)));
		else
			wait_for(results, start(task->output, words, copy, -1));
	}
}

static void read_memory(struct results *results, pid_t pid)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	FILE *file = fopen(path, "re");

	if (!file)
		fail(path);
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "Rss: %ld kB", &results->rss);
		sscanf(line, "Private_Dirty: %ld kB", &results->private_dirty);
	}
	fclose(file);
}

/* ptrace(2), PTRACE_O_TRACEEXIT: the process stops at its exit, while it still has its memory. */
static void run_traced(const struct task *task, struct results *results)
{
	struct rusage usage;
	int ready[2], status;

	if (pipe(ready) < 0)
		fail("pipe");
	pid_t pid = start(task->output, task->commands[0], 0, ready[0]);

	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT) < 0)
		fail("ptrace");
	if (write(ready[1], "", 1) != 1)
		fail("write");
	for (;;) {
		if (wait4(pid, &status, __WALL, &usage) < 0)
			fail("wait4");
		if (!WIFSTOPPED(status))
			return note(results, status, &usage);
		int event = status >> 16;

		if (event == PTRACE_EVENT_EXIT)
			read_memory(results, pid);
		if (ptrace(PTRACE_CONT, pid, 0, event ? 0 : WSTOPSIG(status)) < 0 && errno != ESRCH)
			fail("ptrace");
	}
}

static void become_parent_of_orphans(void)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		fail("prctl");
}

/* Each copy has a process of its own that waits for it and writes into shared memory. */
static void run_parallel(const struct task *task, struct results *results, int copies)
{
	static pid_t pids[MANY_COPIES];

	for (int i = 0; i < copies; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork");
		if (pids[i] > 0)
			continue;
		become_parent_of_orphans();
		run_copy(task, &results[i], i);
		_exit(0);
	}
	for (int i = 0, status; i < copies; i++)
		if (waitpid(pids[i], &status, 0) < 0 || status)
			exit(125);
}

static void split(struct task *task, char **words)
{
	task->commands[task->count++] = words;
	for (; *words; words++) {
		if (strcmp(*words, ";") || task->count == MANY_COMMANDS)
			continue;
		*words = NULL;
		task->commands[task->count++] = words + 1;
	}
}

static void print(const struct results *results, int copies, long long duration)
{
	struct results all = {.rss = results->rss, .private_dirty = results->private_dirty};

	for (int i = 0; i < copies; i++) {
		all.cpu += results[i].cpu;
		if (results[i].peak > all.peak)
			all.peak = results[i].peak;
		if (!all.exit_code)
			all.exit_code = results[i].exit_code;
	}
	printf("{\"nanoseconds\":%lld,\"cpuNanoseconds\":%lld,\"peakKiB\":%ld,\"exitCode\":%d,"
	       "\"rssKiB\":%ld,\"privateKiB\":%ld}\n",
	       duration, all.cpu, all.peak, all.exit_code, all.rss, all.private_dirty);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"repeat", required_argument, NULL, 'r'},
		{"parallel", required_argument, NULL, 'p'},
		{"memory", no_argument, NULL, 'm'},
		{0},
	};
	int copies = 1, kind = 'r', option;
	struct task task = {0};

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == '?')
			return 125;
		kind = option;
		copies = optarg ? atoi(optarg) : 1;
	}
	if (argc - optind < 2 || copies < 1 || copies > MANY_COPIES) {
		fprintf(stderr,
			"usage: measure [--repeat N | --parallel N | --memory] OUTPUT COMMAND [; COMMAND]...\n");
		return 125;
	}
	task.output = argv[optind];
	split(&task, argv + optind + 1);
	if (truncate(task.output, 0) < 0 && errno != ENOENT)
		fail(task.output);
	struct results *results = mmap(NULL, MANY_COPIES * sizeof(*results), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (results == MAP_FAILED)
		fail("mmap");
	results->rss = results->private_dirty = -1;
	become_parent_of_orphans();
	long long begin = nanoseconds();

	if (kind == 'm')
		run_traced(&task, results);
	else if (kind == 'p')
		run_parallel(&task, results, copies);
	for (int i = 0; kind == 'r' && i < copies; i++)
		run_copy(&task, &results[i], i);
	print(results, copies, nanoseconds() - begin);
	return 0;
}
