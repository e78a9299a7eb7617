/*
 * Maps the dynamic linker as the kernel does for an executable with PT_INTERP (Linux, fs/binfmt_elf.c; System V ABI,
 * "Program Interpreter"). The packer removes PT_INTERP, so that the stub runs before the linker, whose work takes 5 ms.
 */
#ifndef KAGO_ENTRY_INTERPRETER_H
#define KAGO_ENTRY_INTERPRETER_H

#include <linux/elf.h>
#include <linux/mman.h>

#include "kernel_calls.h"

enum { PAGE = 4096, HEAD_MAX = 4096, FEWEST_BYTES = sizeof(Elf64_Ehdr) };

static inline unsigned long page_down(unsigned long address) { return address & -(unsigned long)PAGE; }
static inline unsigned long page_up(unsigned long address) { return page_down(address + PAGE - 1); }

struct interpreter {
  unsigned long base, entry;
};

static long map(unsigned long at, unsigned long size, int protection, int flags, int fd, unsigned long offset) {
  return system_call_of_6(__NR_mmap, (long)at, (long)size, protection, MAP_PRIVATE | flags, fd, (long)offset);
}

/* The rest of the file's last page must be zeros too: the linker's first allocations come from there. */
static void clear(unsigned long from, unsigned long to) {
  for (volatile char *at = (volatile char *)from; at < (volatile char *)to; at++) *at = 0;
}

static long map_segment(int fd, unsigned long base, const Elf64_Phdr *p) {
  int protection =
      (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) | (p->p_flags & PF_X ? PROT_EXEC : 0);
  unsigned long start = page_down(base + p->p_vaddr), file_end = base + p->p_vaddr + p->p_filesz;
  unsigned long end = base + p->p_vaddr + p->p_memsz;
  long result = map(start, file_end - start, protection, MAP_FIXED, fd, page_down(p->p_offset));
  if (result < 0 || end == file_end) return result;
  clear(file_end, page_up(file_end));
  if (page_up(end) == page_up(file_end)) return 0;
  return map(page_up(file_end), page_up(end) - page_up(file_end), protection, MAP_FIXED | MAP_ANONYMOUS, -1, 0);
}

/* Reserves room for all segments: its address, a multiple of `align`. */
static long reserve(unsigned long size, unsigned long align) {
  unsigned long spare = align > PAGE ? align - PAGE : 0;
  long at = map(0, size + spare, PROT_NONE, MAP_ANONYMOUS, -1, 0);
  if (at < 0 || !spare) return at;
  unsigned long base = ((unsigned long)at + align - 1) & -align, before = base - (unsigned long)at;
  if (before) system_call(__NR_munmap, at, (long)before, 0, 0);
  if (spare > before) system_call(__NR_munmap, (long)(base + size), (long)(spare - before), 0, 0);
  return (long)base;
}

static int is_linker(const Elf64_Ehdr *e, long size) {
  return size >= FEWEST_BYTES && *(const unsigned int *)e->e_ident == 0x464c457f && e->e_type == ET_DYN &&
         e->e_phentsize == sizeof(Elf64_Phdr) && e->e_phoff % 8 == 0 && e->e_phoff <= HEAD_MAX &&
         e->e_phoff + e->e_phnum * sizeof(Elf64_Phdr) <= (unsigned long)size;
}

static long map_all(int fd, const Elf64_Ehdr *e, struct interpreter *to) {
  const Elf64_Phdr *first = (const Elf64_Phdr *)((const char *)e + e->e_phoff);
  unsigned long end = 0, align = PAGE;
  for (const Elf64_Phdr *p = first; p < first + e->e_phnum; p++) {
    if (p->p_type != PT_LOAD) continue;
    end = page_up(p->p_vaddr + p->p_memsz);
    if (p->p_align > align) align = p->p_align;
  }
  long base = end ? reserve(end, align) : -ENOEXEC;
  if (base < 0) return base;
  for (const Elf64_Phdr *p = first; p < first + e->e_phnum; p++) {
    long result = p->p_type == PT_LOAD ? map_segment(fd, (unsigned long)base, p) : 0;
    if (result < 0) return result;
  }
  *to = (struct interpreter){(unsigned long)base, (unsigned long)base + e->e_entry};
  return 0;
}

/* 0 or -errno. */
static __attribute__((noinline)) long load_interpreter(const char *path, struct interpreter *to) {
  char head[HEAD_MAX] __attribute__((aligned(16)));
  int fd = open_at(AT_FDCWD, path, O_RDONLY);
  if (fd < 0) return fd;
  long size = system_call(__NR_read, fd, (long)head, sizeof head, 0);
  long result = size < 0 ? size : is_linker((Elf64_Ehdr *)head, size) ? map_all(fd, (Elf64_Ehdr *)head, to) : -ENOEXEC;
  close_fd(fd);
  return result;
}

#endif
