/*
 * What hooks.h makes of the library's atomic operations, locks and system
 * calls.  The last argument of most is the function of the library that makes
 * the call, for the trace.
 */
#ifndef EXPLORE_HOOK_H
#define EXPLORE_HOOK_H

#include <sys/types.h>
#include <sys/socket.h>

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct epoll_event;

/* A handler of pthread_cleanup_push. */
struct hook_cleanup {
	void			(*function)(void *);
	void			*arg;
	struct hook_cleanup	*next;
};

int	*hook_errno(void);

/*
 * A point, at which other threads may run: what is done, to what, and where;
 * then its result, for the trace.  hook_caller() renames the next point.
 */
void	hook_point(const char *, const char *, const char *);
void	hook_result(uintptr_t);
void	hook_caller(const char *, const char *);

/* locks.c */
int	hook_mutex_init(pthread_mutex_t *);
int	hook_mutex_destroy(pthread_mutex_t *);
int	hook_mutex_lock(pthread_mutex_t *, const char *);
int	hook_mutex_unlock(pthread_mutex_t *, const char *);
int	hook_cond_init(pthread_cond_t *);
int	hook_cond_destroy(pthread_cond_t *);
int	hook_cond_wait(pthread_cond_t *, pthread_mutex_t *, const char *);
int	hook_cond_signal(pthread_cond_t *, bool, const char *);
int	hook_setcancelstate(int, int *);
void	hook_testcancel(void);
void	hook_cleanup_push(struct hook_cleanup *, void (*)(void *), void *);
void	hook_cleanup_pop(struct hook_cleanup *, int);

/* calls.c */
void	*hook_malloc(size_t);
void	*hook_calloc(size_t, size_t);
void	*hook_realloc(void *, size_t);
void	hook_free(void *);
int	hook_eventfd(unsigned int, int);
int	hook_pipe2(int *, int);
ssize_t	hook_read(int, void *, size_t);
ssize_t	hook_write(int, const void *, size_t);
ssize_t	hook_recvfrom(int, void *, size_t, int, struct sockaddr *, socklen_t *,
	    const char *);
ssize_t	hook_sendto(int, const void *, size_t, int, const struct sockaddr *,
	    socklen_t, const char *);
int	hook_close(int);
int	hook_clock_gettime(struct timespec *);

/* waits.c */
int	hook_epoll_create1(int);
int	hook_epoll_ctl(int, int, int, struct epoll_event *, const char *);
int	hook_epoll_wait(int, struct epoll_event *, int, int, const char *);
int	hook_epoll_pwait2(int, struct epoll_event *, int,
	    const struct timespec *, const char *);
int	hook_poll(struct pollfd *, nfds_t, int, const char *);
int	hook_ppoll(struct pollfd *, nfds_t, const struct timespec *,
	    const char *);

/* calls_kqueue.c; void stands for struct kevent */
long	hook_fpathconf(int, int);
int	hook_kqueue(void);
int	hook_kevent(int, const void *, int, void *, int,
	    const struct timespec *, const char *);

/* calls_port.c; void stands for port_event_t */
int	hook_port_create(void);
int	hook_port_associate(int, int, uintptr_t, int, void *, const char *);
int	hook_port_dissociate(int, int, uintptr_t, const char *);
int	hook_port_send(int, int, void *, const char *);
int	hook_port_getn(int, void *, unsigned int, unsigned int *,
	    struct timespec *, const char *);

#endif /* EXPLORE_HOOK_H */
