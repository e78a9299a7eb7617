/*
 * The entry stub's x86-64 code (System V psABI, "Process Initialization"; syscall(2)): raw system calls, the first
 * instructions, and the jump to the program's own entry point. Another architecture needs a file like this one.
 */
#ifndef KAGO_ENTRY_ARCH_H
#define KAGO_ENTRY_ARCH_H

static inline long system_call(long number, long a, long b, long c, long d) {
  long result;
  register long fourth __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
}

static inline long system_call_of_6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  register long sixth __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                   : "rcx", "r11", "memory");
  return result;
}

static inline long system_call_of_5(long number, long a, long b, long c, long d, long e) {
  return system_call_of_6(number, a, b, c, d, e, 0);
}

/* The first instructions. The initial stack is in rsp, which becomes the argument of enter(). */
__asm__(
    ".pushsection .entry, \"ax\"\n"
    ".globl entry_point\n"
    "entry_point:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call enter\n"
    "  hlt\n"
    ".popsection\n");

/* Starts the program at `address` as the kernel would, with `stack` (16-byte aligned) as its initial stack. */
static inline __attribute__((noreturn)) void start_program(unsigned long address, void *stack) {
  __asm__ volatile(
      "mov %0, %%rsp\n"
      "xor %%ebp, %%ebp\n"
      "jmp *%1"
      :
      : "r"(stack), "a"(address), "d"(0)
      : "memory");
  __builtin_unreachable();
}

#endif
