/*
 * ASan must be told of each switch of stacks.  TSan is given a fiber for each
 * thread, and a flag with each switch that it is no synchronization: only the
 * library's own atomic operations and locks order what threads do.  Where the
 * whole program is compiled for TSan, the explorer's data would be reported,
 * and switches synchronize.
 */
#include "config.h"

#include "sanitizer.h"

#define STACK_SIZE	(256 * 1024)
#define WEAK		__attribute__((weak))

#ifdef __SANITIZE_THREAD__
#define SWITCH_FLAGS	0
#else
#define SWITCH_FLAGS	1	/* __tsan_switch_to_fiber_no_sync */
#endif

void	__sanitizer_start_switch_fiber(void **, const void *, size_t) WEAK;
void	__sanitizer_finish_switch_fiber(void *, const void **, size_t *) WEAK;
void	__asan_unpoison_memory_region(void const volatile *, size_t) WEAK;
void	*__tsan_create_fiber(unsigned int) WEAK;
void	__tsan_switch_to_fiber(void *, unsigned int) WEAK;
void	*__tsan_get_current_fiber(void) WEAK;
void	__tsan_acquire(void *) WEAK;
void	__tsan_release(void *) WEAK;
void	AnnotateIgnoreReadsBegin(const char *, int) WEAK;
void	AnnotateIgnoreReadsEnd(const char *, int) WEAK;
void	AnnotateIgnoreWritesBegin(const char *, int) WEAK;
void	AnnotateIgnoreWritesEnd(const char *, int) WEAK;
void	AnnotateIgnoreSyncBegin(const char *, int) WEAK;
void	AnnotateIgnoreSyncEnd(const char *, int) WEAK;

const char *__tsan_default_options(void);

/* TSan lets other threads end before a process does; there are none. */
const char *
__tsan_default_options(void)
{
	return "atexit_sleep_ms=0";
}

/* The stack and fiber on which the runs are started. */
static void *main_fake_stack, *main_fiber;
static const void *main_bottom;
static size_t main_size;

void
sanitizer_thread(struct thread *t)
{
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(t->stack, STACK_SIZE);
	if (__tsan_create_fiber == NULL)
		return;
	if (main_fiber == NULL)
		main_fiber = __tsan_get_current_fiber();
	if (t->fiber == NULL)
		t->fiber = __tsan_create_fiber(0);
}

/* Before a switch.  NULL is the main stack. */
void
sanitizer_leave(struct thread *from, struct thread *to)
{
	void **fake = from == NULL ? &main_fake_stack : &from->fake_stack;

	/* A null pointer: this stack is not used again. */
	if (from != NULL && from->state == THREAD_FINISHED)
		fake = NULL;
	if (__sanitizer_start_switch_fiber != NULL)
		__sanitizer_start_switch_fiber(fake,
		    to != NULL ? to->stack : main_bottom,
		    to != NULL ? STACK_SIZE : main_size);
	if (__tsan_switch_to_fiber != NULL)
		__tsan_switch_to_fiber(to != NULL ? to->fiber : main_fiber,
		    SWITCH_FLAGS);
}

/* After a switch, on the new stack. */
void
sanitizer_enter(struct thread *to)
{
	const void *bottom;
	size_t size;

	if (__sanitizer_finish_switch_fiber == NULL)
		return;
	__sanitizer_finish_switch_fiber(to != NULL ? to->fake_stack :
	    main_fake_stack, &bottom, &size);
	/* The first switch of a run comes from the main stack. */
	if (to != NULL && main_bottom == NULL) {
		main_bottom = bottom;
		main_size = size;
	}
}

void
sanitizer_acquire(const void *p)
{
	if (__tsan_acquire != NULL)
		__tsan_acquire((void *)(uintptr_t)p);
}

void
sanitizer_release(const void *p)
{
	if (__tsan_release != NULL)
		__tsan_release((void *)(uintptr_t)p);
}

void
sanitizer_ignore(void)
{
	if (AnnotateIgnoreReadsBegin == NULL || __tsan_acquire == NULL)
		return;
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
}

void
sanitizer_watch(void)
{
	if (AnnotateIgnoreReadsBegin == NULL || __tsan_acquire == NULL)
		return;
	AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
