/* The test interface of the fake event ports; see fake_port.c. */
#ifndef PORT_FAKE_H
#define PORT_FAKE_H

/*
 * Behaviour that some kernels have and others don't.  The environment variable
 * PORT_FAKE has the same by name:
 * late,eintr,untouched,etime,slices,eager,calls,unixerr,band,soerror,limit=N.
 * "illumos" is all of PORT_FAKE_ILLUMOS.
 */
#define PORT_FAKE_LATE		0x01u	/* events come with ETIME */
#define PORT_FAKE_EINTR		0x02u	/* ... and with EINTR */
#define PORT_FAKE_UNTOUCHED	0x04u	/* ETIME leaves nget unchanged */
#define PORT_FAKE_ETIME		0x08u	/* a zero timeout ends with ETIME */
#define PORT_FAKE_SLICES	0x10u	/* a wait is interrupted every 20 ms */
#define PORT_FAKE_EAGER		0x20u	/* looks all the time; to be set
					 * first */
#define PORT_FAKE_CALLS		0x40u	/* looks in each call that reads or
					 * writes, if t/fake/io.c is linked */
/* port_sockets.c has the sources of these. */
#define PORT_FAKE_UNIXERR	0x80u	/* Unix sockets: false errors */
#define PORT_FAKE_BAND		0x100u	/* urgent data: RDBAND alone */
#define PORT_FAKE_SOERROR	0x200u	/* IP: an error is IN and OUT */
#define PORT_FAKE_ILLUMOS	(PORT_FAKE_CALLS | PORT_FAKE_UNIXERR | \
				PORT_FAKE_BAND | PORT_FAKE_SOERROR)

void	port_fake_quirks(unsigned int);

/* Sets the limit of events of ports made from now on; 0: the system's 65536. */
void	port_fake_limit(unsigned int);

/*
 * Looks at the port's descriptors, as a kernel does whenever one of them
 * changes.  The fake does so in each of its calls; a test calls this to make
 * it look between two of them.
 */
void	port_fake_look(int);

/* Wakes all ports with which the descriptor is associated, with these bits. */
void	port_fake_wake(int, int);

/*
 * Slots in use: associations, including those whose event was delivered, and
 * events.
 */
unsigned int port_fake_slots(int);

#endif /* PORT_FAKE_H */
