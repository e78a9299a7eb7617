/* nest FOLDER COUNT: makes folders in each other, each by the descriptor of the one above. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int at = argc == 3 ? open(argv[1], O_PATH | O_DIRECTORY) : -1;
  for (int left = at < 0 ? 0 : atoi(argv[2]); left > 0; left--) {
    if (mkdirat(at, "d", 0700) < 0) return 1;
    int below = openat(at, "d", O_PATH | O_DIRECTORY);
    close(at);
    at = below;
  }
  return at < 0;
}
