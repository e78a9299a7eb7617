/* Exchanges two names of a folder until it is killed: swap FOLDER ONE OTHER */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int folder = argc == 4 ? open(argv[1], O_PATH | O_DIRECTORY) : -1;
  if (folder < 0) return 1;
  while (renameat2(folder, argv[2], folder, argv[3], RENAME_EXCHANGE) == 0) usleep(20);
  return 2;
}
