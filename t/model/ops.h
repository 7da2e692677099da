/*
 * The operations: made in ops.c, done in steps.c.
 */
#ifndef OPS_H
#define OPS_H

enum {
	OP_OPEN,
	OP_LISTEN,
	OP_CONNECT,
	OP_ACCEPT,
	OP_DUP,
	OP_MOVE,
	OP_WRITE,
	OP_WRITEV,
	OP_FILL,
	OP_READ,
	OP_READV,
	OP_DRAIN,
	OP_RAW_DRAIN,
	OP_RAW_FILL,
	OP_TAKE_ERROR,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_CLOSE_BOTH,
	OP_RESET,
	OP_RAW_CLOSE,
	OP_GONE,
	OP_REGISTER,
	OP_REREGISTER,
	OP_DEREGISTER,
	OP_MISTAKE,
	OP_FIRST_OF_NONE,	/* from here on they are about no end */
	OP_WAKER = OP_FIRST_OF_NONE,
	OP_WAKE,
	OP_FREE_WAKER,
	OP_WAKE_BESIDE,
	OP_POLL,
	OP_WAIT,
	OP_ROUND,
	OP_SETTLE,
	OPS
};

#define INTERESTS	15
extern const unsigned int interests[INTERESTS];

#endif /* OPS_H */
