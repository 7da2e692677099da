/*
 * <port.h> for systems that have none: event ports as Solaris 10 and illumos
 * declare them, implemented in t/fake/fake_port.c.  Numbers, types and layout
 * are those of illumos' <sys/port.h>, so that code that compiles here compiles
 * there.
 */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include <sys/types.h>

#include <stdint.h>
#include <time.h>

#define PORT_SOURCE_AIO		1
#define PORT_SOURCE_TIMER	2
#define PORT_SOURCE_USER	3
#define PORT_SOURCE_FD		4
#define PORT_SOURCE_ALERT	5
#define PORT_SOURCE_MQ		6
#define PORT_SOURCE_FILE	7

#define PORT_ALERT_SET		0x01
#define PORT_ALERT_UPDATE	0x02
#define PORT_ALERT_INVALID	(PORT_ALERT_SET | PORT_ALERT_UPDATE)

typedef struct port_event {
	int		 portev_events;
	unsigned short	 portev_source;
	unsigned short	 portev_pad;
	uintptr_t	 portev_object;
	void		*portev_user;
} port_event_t;

typedef struct port_notify {
	int		 portnfy_port;
	void		*portnfy_user;
} port_notify_t;

int	port_create(void);
int	port_associate(int, int, uintptr_t, int, void *);
int	port_dissociate(int, int, uintptr_t);
int	port_send(int, int, void *);
int	port_sendn(int [], int [], unsigned int, int, void *);
int	port_get(int, port_event_t *, struct timespec *);
int	port_getn(int, port_event_t [], unsigned int, unsigned int *,
	    struct timespec *);
int	port_alert(int, int, int, void *);

#endif /* FAKE_PORT_H */
