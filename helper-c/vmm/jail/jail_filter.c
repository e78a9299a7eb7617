/* The seccomp filter, built from constants: the calls and arguments that libkrun and libc need. */
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "jail.h"

/* linux/bpf_common.h, linux/seccomp.h */
enum { LOAD_WORD = 0x20, AND = 0x54, JUMP_IF_EQUAL = 0x15, RETURN = 0x06 };
enum { NUMBER_AT = 0, ARCH_AT = 4, ARGUMENTS_AT = 16, MAX_INSTRUCTIONS = 1024, FLAG_TSYNC = 1 };
#define KILL_PROCESS 0x80000000u
#define TRAP 0x00030000u
#define ERRNO 0x00050000u
#define ALLOW 0x7fff0000u

struct call {
  uint32_t number, features;
  int argument; /* -1: any arguments */
  uint32_t mask, value;
  bool is_own_pid;
  int answer;
};

static const struct call CALLS[] = {
#include "calls.gen.h"
};

enum { CALL_COUNT = sizeof CALLS / sizeof *CALLS };

struct program {
  struct filter_instruction at[MAX_INSTRUCTIONS];
  uint16_t length;
};

static void add(struct program *p, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t operand) {
  if (p->length < MAX_INSTRUCTIONS) p->at[p->length] = (struct filter_instruction){code, if_true, if_false, operand};
  p->length++;
}

/* Loads the lower half of the argument: the kernel uses only 32 bits of each argument that is checked. */
static void add_rule(struct program *p, const struct call *call) {
  uint32_t outcome = call->answer < 0 ? ALLOW : ERRNO | (uint32_t)call->answer;
  if (call->argument >= 0) {
    add(p, LOAD_WORD, 0, 0, (uint32_t)(ARGUMENTS_AT + 8 * call->argument));
    if (call->mask != UINT32_MAX) add(p, AND, 0, 0, call->mask);
    add(p, JUMP_IF_EQUAL, 0, 1, call->is_own_pid ? (uint32_t)getpid() : call->value);
  }
  add(p, RETURN, 0, 0, outcome);
}

/* Adds all rows of one call: the index after them. What matches no row is refused. */
static int add_call(struct program *p, int i, uint32_t features) {
  const uint32_t number = CALLS[i].number;
  uint16_t jump = p->length;
  add(p, JUMP_IF_EQUAL, 0, 0, number);
  for (; i < CALL_COUNT && CALLS[i].number == number; i++) {
    if (!CALLS[i].features || CALLS[i].features & features) add_rule(p, &CALLS[i]);
  }
  add(p, RETURN, 0, 0, TRAP);
  if (p->length <= MAX_INSTRUCTIONS) p->at[jump].jump_false = (uint8_t)(p->length - jump - 1);
  return i;
}

int jail_filter(uint32_t features) {
  static struct program p;
  p.length = 0;
  add(&p, LOAD_WORD, 0, 0, ARCH_AT);
  add(&p, JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH_OURS);
  add(&p, RETURN, 0, 0, KILL_PROCESS);
  add(&p, LOAD_WORD, 0, 0, NUMBER_AT);
  for (int i = 0; i < CALL_COUNT;) i = add_call(&p, i, features);
  add(&p, RETURN, 0, 0, TRAP);
  if (p.length > MAX_INSTRUCTIONS) return -E2BIG;
  const struct filter_program program = {.length = p.length, .instructions = p.at};
  long result = sys_seccomp_filter(FLAG_TSYNC, &program);
  /* A positive result is the id of a thread that could not be synchronized. */
  return result > 0 ? -ESRCH : (int)result;
}
