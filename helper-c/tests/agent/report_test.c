/* What the guest agent says of the container's processes. The cgroup is a folder; the processes are real. */
#include <sys/prctl.h>
#include <sys/stat.h>

#include "../../agent/report.c"
#include "../check.h"

static const struct guest guest = {.cgroup = "."};
static char text[16384];

/* A process of that name, as a container could have. */
static pid_t start_named(const char *name) {
  int ready[2];
  char byte = 0;
  CHECK(pipe(ready) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_NAME, name);
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    for (;;) pause();
  }
  CHECK(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
  close(ready[1]);
  return pid;
}

static void list_pid(FILE *list, pid_t pid) { fprintf(list, "%d\n", (int)pid); }

static const char *report(uint32_t room) {
  uint32_t size = report_processes(&guest, (uint8_t *)text, room);
  CHECK(size <= room && size < sizeof text);
  text[size] = 0;
  return text;
}

/* The name in the report of one process. */
static const char *reported_name(const char *name) {
  FILE *list = fopen("cgroup.procs", "we");
  list_pid(list, start_named(name));
  fclose(list);
  report(sizeof text - 1);
  char *tab = strrchr(text, '\t'), *end = strchr(text, '\n');
  CHECK(tab && end && tab < end && end[1] == 0);
  *end = 0;
  return tab + 1;
}

TEST(a_process_is_told_by_its_own_name) {
  EQUAL_TEXT(reported_name("sleep"), "sleep");
  EQUAL_TEXT(reported_name("a b (c) \xc3\xa9"), "a b (c) \xc3\xa9");
}

TEST(a_name_forges_no_line_and_no_field) {
  EQUAL_TEXT(reported_name("x\n1\t0\t0\t0\tsh"), "x?1?0?0?0?sh");
  EQUAL_TEXT(reported_name("\x1b[2J\x7f\r\x01"), "?[2J???");
  EQUAL_TEXT(reported_name(""), "");
}

TEST(uid_and_cpu_time_are_told_and_a_process_outside_has_the_pid_0) {
  FILE *list = fopen("cgroup.procs", "we");
  list_pid(list, start_named("outside"));
  fclose(list);
  char expected[64];
  snprintf(expected, sizeof expected, "0\t0\t%u\t0\toutside\n", (unsigned)getuid());
  EQUAL_TEXT(report(sizeof text - 1), expected);
}

TEST(a_list_that_is_cut_says_how_many_are_missing) {
  FILE *list = fopen("cgroup.procs", "we");
  pid_t pid = start_named("again");
  for (int i = 0; i < 5000; i++) list_pid(list, pid);
  fclose(list);
  report(4096);
  unsigned lines = 0, missing = 0;
  for (const char *c = text; *c; c++) lines += *c == '\n';
  char *last = strrchr(text, '+');
  CHECK(last && last[-1] == '\n' && sscanf(last, "+%u\n", &missing) == 1);
  EQUAL(lines - 1 + missing, 5000);
  CHECK(lines > 100);
}

TEST(a_list_that_just_fits_is_whole) {
  FILE *list = fopen("cgroup.procs", "we");
  pid_t pid = start_named("again");
  for (int i = 0; i < 10; i++) list_pid(list, pid);
  fclose(list);
  uint32_t whole = (uint32_t)strlen(report(sizeof text - 1));
  CHECK(!strchr(report(whole + LEFT_OUT_ROOM), '+'));
  CHECK(strstr(report(whole + LEFT_OUT_ROOM - 1), "\n+1\n"));
}

TEST(processes_of_cgroups_below_are_listed_too) {
  CHECK(mkdir("below", 0755) == 0 && mkdir("below/deeper", 0755) == 0);
  FILE *own = fopen("cgroup.procs", "we"), *below = fopen("below/deeper/cgroup.procs", "we");
  list_pid(own, start_named("above"));
  list_pid(below, start_named("unit"));
  fclose(own);
  fclose(below);
  const char *said = report(sizeof text - 1);
  CHECK(strstr(said, "\tabove\n") && strstr(said, "\tunit\n"));
  CHECK(unlink("below/deeper/cgroup.procs") == 0 && rmdir("below/deeper") == 0 && rmdir("below") == 0);
}

TEST(figures_are_those_of_the_cgroup) {
  static const struct {
    const char *name, *text;
  } files[] = {{"memory.current", "12345678901\n"},
               {"cpu.stat", "nr 1\nusage_usec 77\n"},
               {"pids.current", "3\n"},
               {"memory.events", "oom 9\noom_kill 2\n"}};
  for (size_t i = 0; i < 4; i++) {
    FILE *file = fopen(files[i].name, "we");
    fputs(files[i].text, file);
    fclose(file);
  }
  uint8_t bytes[64];
  uint64_t figures[6];
  EQUAL(report_figures(&guest, bytes), sizeof figures);
  memcpy(figures, bytes, sizeof figures);
  CHECK(figures[0] > 1 << 20 && figures[1] > 0 && figures[1] < figures[0]);
  EQUAL(figures[2], 12345678901);
  EQUAL(figures[3], 77);
  EQUAL(figures[4], 3);
  EQUAL(figures[5], 2);
}
