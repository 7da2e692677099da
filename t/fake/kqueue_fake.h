/*
 * Internal declarations of the fake kqueue.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * All of it runs under one lock, with signals blocked, since a signal handler
 * may call kevent(2).  System calls that t/lib/wraps replaces are made with
 * syscall(2), so that a kernel's own calls are neither counted nor made to
 * fail.
 */
#ifndef KQUEUE_FAKE_H
#define KQUEUE_FAKE_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum quirk {
#define QUIRK(name, freebsd, netbsd, netbsd10, openbsd, darwin, dragonfly) \
	Q_##name,
#include "fake_kqueue.def"
#undef QUIRK
	Q_MAX
};
extern int fake_quirks[Q_MAX];
#define quirk(name)	(fake_quirks[Q_##name] != 0)
#define quirk_value(name) (fake_quirks[Q_##name])

/* The kernels' status bits of a knote. */
#define KN_ACTIVE	0x01
#define KN_QUEUED	0x02
#define KN_DISABLED	0x04

enum slot {
	SLOT_READ,
	SLOT_WRITE,
	SLOT_EXCEPT,
	SLOT_MAX
};

struct knote {
	struct knote	*next, *prev;	/* in the queue of active ones */
	struct knote	*link;		/* in kq->knotes or kq->others */
	struct knote	*sel;		/* in inner->watchers */
	struct kqueue	*kq;
	struct watch	*watch;		/* NULL: not of a descriptor */
	const struct filter *filter;
	struct kevent	 kev;		/* to be delivered */
	unsigned int	 status;
	unsigned int	 sfflags;
	int64_t		 sdata;
	int		 hook;		/* USER: triggered; TIMER: descriptor */
	uint64_t	 tag;		/* marks a timer's epoll entry */
	uint64_t	 serial;	/* no other knote's */
};

/*
 * touch: applies a later change to a knote that is not of a descriptor. event:
 * is it true?  Sets data, fflags and EV_EOF. deliver: called after an event
 * was copied out, if the knote is EV_CLEAR.
 */
struct filter {
	int	(*attach)(struct knote *);
	void	(*detach)(struct knote *);
	int	(*event)(struct knote *);
	int	(*touch)(struct knote *, struct kevent *);
	void	(*deliver)(struct knote *, struct kevent *);
};

enum kind {
	KIND_OTHER,		/* what poll(2) reports */
	KIND_FILE,		/* regular files: always ready */
	KIND_PIPE,
	KIND_TCP,
	KIND_UNIX,
	KIND_DGRAM,
	KIND_TTY,
	KIND_KQUEUE
};

/* The state of an object. */
#define SEEN_READABLE	0x001u
#define SEEN_WRITABLE	0x002u
#define SEEN_REOF	0x004u	/* can't receive more */
#define SEEN_WEOF	0x008u	/* can't send more */
#define SEEN_ERROR	0x010u
#define SEEN_CONNECTED	0x020u
#define SEEN_LISTENING	0x040u
#define SEEN_OOB	0x080u
#define SEEN_CLOSED	0x100u	/* both directions */

struct look {
	unsigned int	seen;
	int		error;		/* so_error */
	int64_t		readable;	/* bytes, or connections */
	int64_t		space;
	uint64_t	acked;		/* TCP: all bytes */
	uint64_t	received;
	uint32_t	segments;	/* with data, sent */
};

/* What calls of this process have done to an object: see kqueue_calls.c. */
struct object {
	dev_t		 dev;
	ino_t		 ino;
	uint64_t	 used;		/* a clock's value at the last use */
	unsigned int	 did;
	ino_t		 peer;		/* a pair's other socket; 0: unknown */
	int64_t		 sent, taken;	/* bytes, of a pair */
	int64_t		 last;		/* the last write */
	int64_t		 limit;		/* so many stop it */
};
#define DID_SHUT_READ	0x01u
#define DID_SHUT_WRITE	0x02u
#define DID_PEER_SHUT	0x04u	/* the peer's shutdown(SHUT_RD) */
#define DID_BOTH_SHUT	0x08u	/* no close, but two shutdowns */
#define DID_READ	0x10u	/* a pipe, since it was last written */
#define DID_WRITE_LITTLE 0x20u	/* into clusters, and not the whole of one */
#define DID_FILL	0x40u	/* a pair: until its peer reads */
#define MBUF		200	/* MLEN, about */
#define CLUSTER		2048	/* MCLBYTES */

struct watch {
	struct watch	*next;		/* in kq->watches[] */
	struct kqueue	*kq;
	struct kqueue	*inner;		/* KIND_KQUEUE */
	struct knote	*knotes[SLOT_MAX];
	uint64_t	 tag;		/* marks its epoll entries */
	dev_t		 dev;
	ino_t		 ino;
	enum kind	 kind;
	int		 fd;
	int		 mode;		/* pipe: O_RDONLY, O_WRONLY, O_RDWR */
	int		 type;		/* socket: SOCK_STREAM ... */
	int		 domain;
	bool		 polled;	/* it is in both epolls */
	bool		 was_connected;
	bool		 named;		/* a FIFO, not of pipe(2) */
	unsigned int	 hints;		/* HINT_IN, HINT_OUT */
	unsigned int	 due;		/* 1 << slot */
	unsigned int	 late;		/* slots due at the next look */
	bool		 local;		/* due because of the process's own
					 * call */
	bool		 read_first;
	uint32_t	 acked_segments;
	int64_t		 acked_since;	/* an ACK is delayed since; 0: no */
	struct look	 last;
};
#define HINT_IN		0x1u
#define HINT_OUT	0x2u

#define WATCHES		64		/* buckets */

struct kqueue {
	struct kqueue	*next;
	struct knote	*head, *tail;	/* active knotes */
	struct knote	*knotes;	/* of descriptors, newest first */
	struct knote	*others;
	struct knote	*watchers;	/* other kqueues' knotes of this one */
	struct watch	*watches[WATCHES];
	int		 fd;		/* the program's number; -1: closed */
	int		 in;		/* an epoll: what fd refers to */
	int		 out;		/* an epoll of EPOLLOUT, inside it */
	int		 waiter;	/* an epoll of in: polled, not read */
	int		 count;		/* queued */
	int		 waiters;
	int		 dozing;	/* waiters that sleep */
	int		 woken;		/* sleepers that have not looked yet */
	unsigned int	 wakeups;
	int		 nknotes;
	bool		 lit;		/* in contains the beacon */
	bool		 looking;
	bool		 restless;	/* some changes cause no edge: look
					 * again */
};

#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
typedef size_t count_type;
#define NEGATIVE(n)	0
#else
typedef int count_type;
#define NEGATIVE(n)	((n) < 0)
#endif

/* The eventlist; stop: there is no wait. */
struct fake_list {
	struct kevent	*events;
	count_type	 room;
	int		 written;
	bool		 stop;
};

/* kqueue.c */
int	fake_apply(struct kqueue *, const struct kevent *, count_type,
	    struct fake_list *);
int	fake_scan(struct kqueue *, struct kevent *, count_type);
void	fake_drop(struct knote *);
void	fake_fd_closed(struct watch *);
void	fake_activate(struct knote *);

/* kqueue_fd.c */
extern pthread_mutex_t fake_lock;
extern struct kqueue *fake_kqueues;
extern int64_t fake_passed;	/* ns that only this clock has passed */
extern bool fake_network_held;

void	fake_enter(sigset_t *);
void	fake_leave(const sigset_t *);
struct kqueue *fake_find(int);
void	fake_free_kqueue(struct kqueue *);
void	fake_light(struct kqueue *);
void	fake_dim(struct kqueue *);
int	fake_hide(int);
uint64_t fake_tag(void);
int64_t	fake_now(void);
void	*fake_alloc(size_t);
void	fake_free(void *, size_t);

/* kqueue_notice.c */
void	fake_collect(struct kqueue *, int, unsigned int);
void	fake_look_at(struct kqueue *);
void	fake_look_at_all(void);
void	fake_pipe_was_read(const struct stat *, bool);
void	fake_notify_readers(const struct stat *);

/* kqueue_calls.c */
struct object *fake_object(dev_t, ino_t);
bool	fake_peer_shuts(const struct object *, int);
bool	fake_shuts(void);
void	fake_discard(int);
void	fake_notify_writer(dev_t, ino_t);
void	fake_before_close(int);

/* kqueue_object.c */
extern const struct filter fake_fd_filter;
int	fake_fd_event(struct knote *);
struct watch *fake_watch(struct kqueue *, int, int *);
struct watch *fake_watched(struct kqueue *, int);
void	fake_unwatch(struct watch *);
int	fake_same(const struct watch *);
bool	fake_named(int);

/* kqueue_look.c */
#define BACKWARD	4096	/* a pipe's room in the other direction: seen */

void	fake_look(struct watch *, struct look *);
int	fake_filter_event(struct knote *, const struct look *);
int	fake_pipe_write(struct knote *, const struct look *);
void	fake_set_data(struct knote *, int64_t);
int	fake_slot(const struct knote *);
int	fake_unread(int);

/* kqueue_note.c */
void	fake_timer_tick(struct kqueue *, uint64_t);
extern const struct filter fake_user_filter;
extern const struct filter fake_timer_filter;
extern const struct filter fake_posted_filter;

/* Raw system calls. */
int	fake_close(int);
int	fake_epoll(void);
int	fake_epoll_ctl(int, int, int, uint32_t, uint64_t);
int	fake_fcntl(int, int, long);
int	fake_poll(int, int);
int	fake_option(int, int, int, void *, size_t);

#endif /* KQUEUE_FAKE_H */
