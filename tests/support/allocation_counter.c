/* For LD_PRELOAD: counts the calls of malloc and its relatives (operator new ends there as well) in
 * the file that ALLOCATION_COUNTS names, where another process reads them while this one runs, and
 * can ask for the call sites too. Those of OpenSSL are counted by themselves. Beside them, how many
 * bytes are in use. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kSites = 256, kFrames = 16 };

struct shared {
  _Atomic uint64_t own;
  _Atomic uint64_t of_openssl;
  _Atomic uint64_t wants_sites;
  _Atomic uint64_t sites_used;
  _Atomic int64_t bytes; /* as malloc rounds them; what was allocated before this began is not */
  uint64_t sites[kSites][kFrames]; /* the size that was asked for, then return addresses */
};

static struct shared* shared;
static _Thread_local int busy;
static struct { uintptr_t first, last; } openssl[2]; /* where its two libraries are */

static void *(*next_malloc)(size_t), *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void*, size_t), *(*next_aligned)(size_t, size_t);
static int (*next_memalign)(void**, size_t, size_t);
static void (*next_free)(void*);

/* dlsym() itself may call calloc() before we know where the real one is. */
static char early[4096];
static size_t early_used;

static int find_openssl(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size, (void)unused;
  int which = strstr(info->dlpi_name, "libcrypto.so") ? 0 : 1;
  if (which == 1 && !strstr(info->dlpi_name, "libssl.so")) return 0;
  openssl[which].first = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    if (info->dlpi_phdr[i].p_type == PT_LOAD && end > openssl[which].last) {
      openssl[which].last = end;
    }
  }
  return 0;
}

static int is_openssl(const void* caller) {
  uintptr_t at = (uintptr_t)caller;
  return (at >= openssl[0].first && at < openssl[0].last) ||
         (at >= openssl[1].first && at < openssl[1].last);
}

__attribute__((constructor)) static void begin(void) {
  next_malloc = (void* (*)(size_t))dlsym(RTLD_NEXT, "malloc");
  next_realloc = (void* (*)(void*, size_t))dlsym(RTLD_NEXT, "realloc");
  next_aligned = (void* (*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
  next_memalign = (int (*)(void**, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
  next_free = (void (*)(void*))dlsym(RTLD_NEXT, "free");
  next_calloc = (void* (*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
  void* frame;
  backtrace(&frame, 1); /* the first one allocates */
  dl_iterate_phdr(find_openssl, NULL);
  const char* file = getenv("ALLOCATION_COUNTS");
  int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (memory != MAP_FAILED) shared = memory;
}

static void note(size_t size, const void* caller) {
  if (!shared || busy) return;
  atomic_fetch_add_explicit(is_openssl(caller) ? &shared->of_openssl : &shared->own, 1,
                            memory_order_relaxed);
  if (!atomic_load_explicit(&shared->wants_sites, memory_order_relaxed)) return;
  uint64_t site = atomic_fetch_add(&shared->sites_used, 1);
  if (site >= kSites) return;
  busy = 1;
  void* frames[kFrames + 4];
  int count = backtrace(frames, kFrames + 4), first = 0;
  while (first < count && frames[first] != caller) ++first;
  shared->sites[site][0] = size;
  for (int i = first; i < count && i - first + 1 < kFrames; ++i) {
    shared->sites[site][i - first + 1] = (uint64_t)(uintptr_t)frames[i];
  }
  busy = 0;
}

static void* add(void* block) {
  if (shared && block) atomic_fetch_add(&shared->bytes, (int64_t)malloc_usable_size(block));
  return block;
}

static void take_away(void* block) {
  if (shared && block) atomic_fetch_sub(&shared->bytes, (int64_t)malloc_usable_size(block));
}

static int is_early(const void* block) {
  return (const char*)block >= early && (const char*)block < early + sizeof early;
}

void* malloc(size_t size) {
  if (!next_malloc) begin();
  note(size, __builtin_return_address(0));
  return add(next_malloc(size));
}

void* calloc(size_t count, size_t size) {
  if (!next_calloc) {
    void* block = early + early_used;
    early_used += (count * size + 15) & ~(size_t)15;
    return early_used <= sizeof early ? block : NULL;
  }
  note(count * size, __builtin_return_address(0));
  return add(next_calloc(count, size));
}

void* realloc(void* block, size_t size) {
  if (!next_realloc) begin();
  note(size, __builtin_return_address(0));
  take_away(block);
  return add(next_realloc(block, size));
}

void free(void* block) {
  if (is_early(block)) return;
  if (!next_free) begin();
  take_away(block);
  next_free(block);
}

void* aligned_alloc(size_t alignment, size_t size) {
  note(size, __builtin_return_address(0));
  return add(next_aligned(alignment, size));
}

int posix_memalign(void** block, size_t alignment, size_t size) {
  note(size, __builtin_return_address(0));
  int error = next_memalign(block, alignment, size);
  if (error == 0) add(*block);
  return error;
}
