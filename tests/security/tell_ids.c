/* Prints the effective user and group id: as a set-id program it tells what the exec gave. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  printf("%d:%d\n", (int)geteuid(), (int)getegid());
  return 0;
}
