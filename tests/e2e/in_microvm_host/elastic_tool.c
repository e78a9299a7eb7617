/* What a guest's process sees and does, for clock_test.ts and elastic_test.ts; static, so that it runs in any root.
 *   elastic_tool clock      prints the time ten times a second, in seconds and nanoseconds since 1970
 *   elastic_tool hold FILE  holds as many MiB as the number in the file, read ten times a second; prints each change */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { TENTH = 100000 };

static void tell_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  printf("%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
}

static size_t wanted(const char *path) {
  unsigned long mib = 0;
  FILE *file = fopen(path, "r");
  if (file && fscanf(file, "%lu", &mib) != 1) mib = 0;
  if (file) fclose(file);
  return (size_t)mib << 20;
}

static void hold(const char *path) {
  static char *held;
  static size_t size;
  size_t want = wanted(path);
  if (want == size) return;
  if (size) munmap(held, size);
  size = want;
  if (size) held = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (held == MAP_FAILED) exit(1);
  if (size) memset(held, 1, size);
  printf("holds %zu MiB\n", size >> 20);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (;; usleep(TENTH)) {
    if (argc > 2 && !strcmp(argv[1], "hold")) hold(argv[2]);
    else tell_time();
  }
}
