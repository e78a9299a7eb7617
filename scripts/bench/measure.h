/* Declarations shared by the parts of measure. */
#ifndef MEASURE_H
#define MEASURE_H

#include <sys/resource.h>
#include <sys/types.h>

/* The results of one copy. */
struct results {
	long long cpu;
	long peak;
	int exit_code;
	/* KiB, proc_pid_smaps(5); -1 when nothing was read. */
	long rss;
	long private_dirty;
};

/* Prints what failed, with errno, and exits. */
void fail(const char *what);

void note_usage(struct results *results, const struct rusage *usage);

/* Waits for a process, a child or not; adds the processor time of a child. */
void wait_for_container(struct results *results, pid_t pid);

/* Adds the processor time so far of a process and its threads, including those that have exited. */
void add_processor_time(struct results *results, pid_t pid);

pid_t read_pid(const char *path);

#endif
