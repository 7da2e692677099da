/* mmap(2) returns caddr_t, unless the program requests a standard. */
#ifndef FAKE_ILLUMOS_MMAN_H
#define FAKE_ILLUMOS_MMAN_H
#pragma GCC system_header

#include <sys/types.h>

#define mmap		glibc_mmap
#define munmap		glibc_munmap
#define mprotect	glibc_mprotect
#include_next <sys/mman.h>
#undef mmap
#undef munmap
#undef mprotect

#ifdef _XPG4_2
void	*mmap(void *, size_t, int, int, int, off_t);
int	 munmap(void *, size_t);
int	 mprotect(void *, size_t, int);
#else
caddr_t	 mmap(caddr_t, size_t, int, int, int, off_t);
int	 munmap(caddr_t, size_t);
int	 mprotect(caddr_t, size_t, int);
#endif

#undef MAP_GROWSDOWN
#undef MAP_HUGETLB
#undef MAP_LOCKED
#undef MAP_NONBLOCK
#undef MAP_POPULATE
#undef MAP_STACK

#endif /* FAKE_ILLUMOS_MMAN_H */
