/*
 * Internal declarations of the fake event ports: fake_port.c has a port's
 * lifetime and queue, port_calls.c the calls, port_sockets.c what differs
 * between illumos' sockets and the host's.
 */
#ifndef PORT_IMPL_H
#define PORT_IMPL_H

#include <sys/types.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define FP_FDS		65536	/* the highest descriptor + 1 */

/* An association or an event: a port_kevent_t. */
struct slot {
	struct slot	*next, *prev;	/* in the queue; next: free */
	void		*user;
	uintptr_t	 object;
	int		 events;	/* associated for, or that have fired */
	int		 domain;	/* of a socket */
	unsigned int	 age;		/* the association's, in epoll */
	unsigned short	 source;
	bool		 valid;		/* associated, and nothing fired yet */
	bool		 queued;
	bool		 connected;	/* a socket, when it was associated */
};

struct port {
	int		 fd, bell;
	pid_t		 owner;
	unsigned int	 limit, used;	/* slots */
	unsigned int	 unused;	/* index of the first slot never used */
	unsigned int	 count;		/* in the queue */
	unsigned int	 waiters;
	bool		 rung;
	bool		 cached;	/* a descriptor has been associated */
	bool		 closing;
	struct slot	*slots, *free;
	struct slot	 queue;		/* its head: head.next is the oldest */
	struct slot	**by_fd;
	const struct slot *asked;	/* is being associated */
	bool		 alert;
	int		 alert_events;
	void		*alert_user;
	struct port	*next;
};

/*
 * port_send(3C) is async-signal-safe, and no signal handler runs inside a
 * kernel, so signals are blocked while the mutex is held.
 */
struct hold {
	sigset_t	mask;
	int		saved;		/* errno, which success leaves alone */
};

extern pthread_mutex_t fp_mutex;
extern pthread_cond_t fp_left;		/* a waiter has left */
extern unsigned int fp_quirks;

void	fp_enter(struct hold *);
int	fp_leave(const struct hold *, int);
void	fp_impossible(const char *);
void	fp_control(const struct port *, int, int, uint32_t, uint64_t, int *);
bool	fp_is_open(int);
int	fp_find(int, struct port **);
void	fp_set_bell(struct port *);
void	fp_enqueue(struct port *, struct slot *);
void	fp_dequeue(struct port *, struct slot *);
int	fp_alloc_slot(struct port *, struct slot **);
void	fp_free_slot(struct port *, struct slot *);
void	fp_fire(struct port *, struct slot *, int);
void	fp_look(struct port *);
void	fp_look_at_all(void);
uint32_t fp_mask(int);
void	fp_remove_fd(struct port *, int);
int	fp_domain(int);
bool	fp_connected(int);
int	fp_host_bits(int);
int	fp_socket_bits(const struct slot *, int, bool);

#endif /* PORT_IMPL_H */
