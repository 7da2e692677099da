/*
 * What tests can switch in the fake event ports; see port.c.
 */
#ifndef PORT_FAKE_H
#define PORT_FAKE_H

/*
 * What some kernels do and others don't.  PORT_FAKE in the environment takes
 * the same, by name: late,eintr,untouched,etime,slices,eager,limit=N.
 */
#define PORT_FAKE_LATE		0x01u	/* events come with ETIME */
#define PORT_FAKE_EINTR		0x02u	/* ... and with EINTR */
#define PORT_FAKE_UNTOUCHED	0x04u	/* ETIME leaves nget as it was */
#define PORT_FAKE_ETIME		0x08u	/* a zero timeout ends with ETIME */
#define PORT_FAKE_SLICES	0x10u	/* a wait is interrupted every 20 ms */
#define PORT_FAKE_EAGER		0x20u	/* looks all the time; set it first */

void	port_fake_quirks(unsigned int);

/* The limit of events of ports made from now on; 0: the system's 65536. */
void	port_fake_limit(unsigned int);

/*
 * Looks at the port's descriptors, as a kernel does whenever one of them
 * changes.  The fake does it in each call of its own; between two of them a
 * test does it by this.
 */
void	port_fake_look(int);

/* Slots in use: associations, also those whose event is over, and events. */
unsigned int port_fake_slots(int);

#endif /* PORT_FAKE_H */
