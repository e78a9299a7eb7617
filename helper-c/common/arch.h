/* Everything specific to the processor: the system call instruction, and a clone that shares memory with its parent.
 * The numbers in kernel.h from 424 up are the same on every architecture. */
#ifndef KAGO_ARCH_H
#define KAGO_ARCH_H

#if defined(__x86_64__)

/* linux/audit.h */
#define AUDIT_ARCH_OURS 0xc000003eu

static inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

/* clone3 of a child that shares our memory and runs `run(argument)` on the stack given in `args`. The child must not
 * return, but exec or exit; the caller is suspended until then (CLONE_VFORK). */
static inline long raw_clone3_on_stack(void *args, long size, void (*run)(void *), void *argument) {
  long result;
  register void (*r12)(void *) __asm__("r12") = run;
  register void *r13 __asm__("r13") = argument;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(435L), "D"(args), "S"(size), "r"(r12), "r"(r13)
      : "rcx", "r11", "memory");
  return result;
}

#else
#error "kago: this processor needs raw_syscall, raw_clone3_on_stack and AUDIT_ARCH_OURS in helper-c/common/arch.h"
#endif

#endif
