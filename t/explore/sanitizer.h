/*
 * Coroutines under the sanitizers of gcc and clang.  The explorer itself is
 * compiled without them; a program that is linked without a sanitizer makes
 * none of these calls.
 */
#ifndef EXPLORE_SANITIZER_H
#define EXPLORE_SANITIZER_H

#include "explore.h"

void	sanitizer_thread(struct thread *);	/* before each run */
void	sanitizer_leave(struct thread *, struct thread *);
void	sanitizer_enter(struct thread *);

/* Orders all that was done before a release before what follows an acquire. */
void	sanitizer_acquire(const void *);
void	sanitizer_release(const void *);

/* Between these calls nothing that is done is seen, nor does it order. */
void	sanitizer_ignore(void);
void	sanitizer_watch(void);

#endif /* EXPLORE_SANITIZER_H */
