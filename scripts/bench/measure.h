/* What the parts of measure share. */
#ifndef MEASURE_H
#define MEASURE_H

#include <sys/resource.h>
#include <sys/types.h>

/* Of one copy. */
struct results {
	long long cpu;
	long peak;
	int exit_code;
	/* KiB, proc_pid_smaps(5); -1 when nothing was read. */
	long rss;
	long private_dirty;
};

/* Says what failed, with errno, and ends. */
void fail(const char *what);

void note_usage(struct results *results, const struct rusage *usage);

/* Waits for a process, a child or not; the processor time of a child is added. */
void wait_for_container(struct results *results, pid_t pid);

/* Adds what a process and its threads, also those that have ended, have had so far. */
void add_processor_time(struct results *results, pid_t pid);

pid_t read_pid(const char *path);

#endif
