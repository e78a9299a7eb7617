/*
 * What the entry stub needs of x86-64 (System V psABI, "Process Initialization"; syscall(2)): raw system calls, the
 * first instructions, and the jump to the program's own entry point. Another architecture adds a file like this one.
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

static inline long system_call_of_5(long number, long a, long b, long c, long d, long e) {
  long result;
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                   : "rcx", "r11", "memory");
  return result;
}

/*
 * The dynamic linker jumps here with the initial stack in rsp and, in rdx, the function that the program must register
 * with atexit. Both go to enter() as arguments.
 */
__asm__(
    ".pushsection .entry, \"ax\"\n"
    ".globl entry_point\n"
    "entry_point:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  mov %rdx, %rsi\n"
    "  and $-16, %rsp\n"
    "  call enter\n"
    "  hlt\n"
    ".popsection\n");

/* Starts the program at `address` as the dynamic linker would, with `stack` (16-byte aligned) as its initial stack. */
static inline __attribute__((noreturn)) void start_program(unsigned long address, void *stack, void *at_exit) {
  __asm__ volatile("mov %0, %%rsp\n"
                   "xor %%ebp, %%ebp\n"
                   "jmp *%1"
                   :
                   : "r"(stack), "a"(address), "d"(at_exit)
                   : "memory");
  __builtin_unreachable();
}

#endif
