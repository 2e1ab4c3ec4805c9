// Preloaded into User-Mode Linux, whose buffer for a process's registers ends with those of AVX-512:
// where the processor has more (AMX), the host's kernel takes only a whole set, and the guest dies
// in its first process. What the guest does not know of, which nothing in it uses, stays as it is.
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long set_registers(long pid, void* set, struct iovec* given) {
  static char whole[64 * 1024];
  struct iovec all = {whole, sizeof whole};
  if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, set, &all) != 0 || all.iov_len <= given->iov_len) {
    return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, set, given);
  }
  memcpy(whole, given->iov_base, given->iov_len);
  return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, set, &all);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  long pid = va_arg(arguments, long);
  void* address = va_arg(arguments, void*);
  void* data = va_arg(arguments, void*);
  va_end(arguments);
  if (request == PTRACE_SETREGSET && address == (void*)NT_X86_XSTATE) {
    return set_registers(pid, address, data);
  }
  // The system call puts what it has read where the C library's function returns it.
  if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER) {
    return syscall(SYS_ptrace, request, pid, address, data);
  }
  long word = 0;
  long result = syscall(SYS_ptrace, request, pid, address, &word);
  return result < 0 ? result : word;
}
