/* Can /dev/kvm run a 64-bit guest? That the device opens proves nothing: nested or paravirtual-only hypervisors
 * create virtual machines, and even emulate their simple instructions, but cannot run a kernel. So a VM is created
 * that runs a few instructions in long mode, among them one (popcnt) that KVM's emulator does not know. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../common/kernel.h"

enum { CPUID_ENTRIES = 256 };
enum { MEMORY = 2 << 20, PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, CODE = 0x8000, PORT = 0x10, STEPS = 16 };

/* mov rax, 0x1122334455667788; popcnt rax, rax; out 0x10, al; hlt. In 32-bit mode the byte written would differ. */
static const uint8_t PROGRAM[] = {0x48, 0xb8, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22,
                                  0x11, 0xf3, 0x48, 0x0f, 0xb8, 0xc0, 0xe6, PORT, 0xf4};
enum { EXPECTED = 26 };

/* Identity-maps the first 2 MiB with one large page. */
static void fill_memory(uint8_t *memory) {
  enum { PRESENT_WRITABLE = 3, LARGE = 0x80 };
  const uint64_t pml4 = PDPT | PRESENT_WRITABLE, pdpt = PD | PRESENT_WRITABLE, pd = LARGE | PRESENT_WRITABLE;
  memcpy(memory + PML4, &pml4, sizeof pml4);
  memcpy(memory + PDPT, &pdpt, sizeof pdpt);
  memcpy(memory + PD, &pd, sizeof pd);
  memcpy(memory + CODE, PROGRAM, sizeof PROGRAM);
}

/* 64-bit mode: paging, PAE and EFER.LME|LMA, a flat code segment with the L bit. */
static int enter_long_mode(int vcpu) {
  struct kvm_sregs sregs;
  int result = as_result(ioctl(vcpu, KVM_GET_SREGS, &sregs));
  if (result < 0) return result;
  struct kvm_segment code = {.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
  struct kvm_segment data = {.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
  sregs.cr3 = PML4;
  sregs.cr4 = 0x20;
  sregs.cr0 = 0x80050033;
  sregs.efer = 0x500;
  sregs.cs = code;
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
  struct kvm_regs regs = {.rip = CODE, .rsp = CODE, .rflags = 2};
  result = as_result(ioctl(vcpu, KVM_SET_SREGS, &sregs));
  return result < 0 ? result : as_result(ioctl(vcpu, KVM_SET_REGS, &regs));
}

/* Runs until the guest writes its byte. EIO: the guest did something else, or nothing. */
static int run_guest(int vcpu, const struct kvm_run *run) {
  for (int i = 0; i < STEPS; i++) {
    int result = as_result(ioctl(vcpu, KVM_RUN, NULL));
    if (result == -EINTR) continue;
    if (result < 0) return result;
    if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT) return -EIO;
    return *((const uint8_t *)run + run->io.data_offset) == EXPECTED ? 0 : -EIO;
  }
  return -ETIMEDOUT;
}

/* Gives the processor what KVM supports: otherwise Linux 6.12 accepts no bit of CR4. */
static int set_cpuid(int kvm, int vcpu) {
  struct {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
  } cpuid = {.head.nent = CPUID_ENTRIES};
  int result = as_result(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid));
  return result < 0 ? result : as_result(ioctl(vcpu, KVM_SET_CPUID2, &cpuid));
}

static int probe_vcpu(int kvm, int vm) {
  int vcpu = as_result(ioctl(vm, KVM_CREATE_VCPU, 0));
  if (vcpu < 0) return vcpu;
  int size = as_result(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
  void *run = size < 0 ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  int result = run == MAP_FAILED ? -ENOMEM : set_cpuid(kvm, vcpu);
  if (result == 0) result = enter_long_mode(vcpu);
  if (result == 0) result = run_guest(vcpu, run);
  if (run != MAP_FAILED) munmap(run, (size_t)size);
  close(vcpu);
  return result;
}

int kago_probe_kvm(void) {
  int kvm = as_result(open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (kvm < 0) return kvm;
  int vm = as_result(ioctl(kvm, KVM_CREATE_VM, 0));
  void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int result = vm < 0 ? vm : memory == MAP_FAILED ? -ENOMEM : 0;
  if (result == 0) {
    fill_memory(memory);
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY, .userspace_addr = (uint64_t)(uintptr_t)memory};
    result = as_result(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
  }
  if (result == 0) result = probe_vcpu(kvm, vm);
  if (memory != MAP_FAILED) munmap(memory, MEMORY);
  if (vm >= 0) close(vm);
  close(kvm);
  return result;
}
