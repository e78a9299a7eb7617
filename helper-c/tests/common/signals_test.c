/* signals.c: which signals go on to the process that another stands for. */
#include "../check.h"

#include <signal.h>

#include "../../common/signals.h"

/* The numbers that are not passed on, up to the kernel's last. */
static const char *kept(enum stand_in stand_in) {
  static char text[300];
  *text = 0;
  for (int number = 1; number <= LAST_SIGNAL; number++) {
    if (!is_passed_on(number, stand_in)) sprintf(text + strlen(text), " %d", number);
  }
  return text;
}

TEST(all_signals_go_on_but_those_about_the_process_itself) {
  EQUAL_TEXT(kept(STAND_IN_FOREGROUND), " 4 5 6 7 8 9 11 13 17 19 21 22 23 27 31 32 33 34");
}

TEST(a_vmm_also_keeps_those_of_libkrun_and_of_its_threads) {
  EQUAL_TEXT(kept(STAND_IN_VMM), " 4 5 6 7 8 9 11 13 16 17 19 21 22 23 27 28 31 32 33 34 35 36");
}

TEST(fresh_signals_have_their_defaults_and_none_is_blocked) {
  struct sigaction action;
  sigset_t set;
  signal(SIGUSR1, SIG_IGN);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  reset_signals();
  sigaction(SIGUSR1, NULL, &action);
  CHECK(action.sa_handler == SIG_DFL);
  sigprocmask(SIG_BLOCK, NULL, &set);
  EQUAL(sigismember(&set, SIGUSR1), 0);
}
